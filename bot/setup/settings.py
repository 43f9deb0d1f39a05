"""Settings: environment variables `CUNBAO_...`, then `cunbao.toml` in the data folder, then the defaults below."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

import sqlalchemy as sa
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from bot.errors import SettingsError
from storage.database.connection import sqlite_url

PREFIX = "CUNBAO_"
FILE = "cunbao.toml"

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_COMPLAINTS = {
    "extra_forbidden": "没有这一项设置",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "float_parsing": "应为数字",
    "float_type": "应为数字",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "literal_error": "只能是 {expected}",
    "string_type": "应为文字",
    "value_error": "{error}",
}


class SettingRow(NamedTuple):
    """One line of the configuration table."""

    name: str
    default: str
    meaning: str


class Settings(BaseSettings):
    """Everything that can be set. Make one with `load_settings`, which tells mistakes in plain words."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True)

    data_dir: Path = Field(Path("data"), description="folder of everything the bot keeps, and of `cunbao.toml`")
    database_url: SecretStr | None = Field(
        None, description="`postgresql+asyncpg://user:password@host/name`; empty: SQLite, `cunbao.db` in the data folder"
    )
    key_file: Path | None = Field(
        None, description="key of all encrypted fields, made at the first run; empty: `keys/cunbao.key` in the data folder"
    )
    plan: str = Field("wafang-2022", description="campaign plan: the name of a built-in one, or a folder")
    telegram_token: SecretStr | None = Field(None, description="token of the Telegram bot; empty: no Telegram")
    telegram_base_url: str = Field("https://api.telegram.org", description="Bot API server, for a self-hosted or a test one")
    telegram_webhook_url: str | None = Field(
        None, description="public https address for Telegram's webhook; empty: the bot asks Telegram (long polling)"
    )
    telegram_webhook_secret: SecretStr | None = Field(
        None, description="secret that Telegram sends along with each webhook call; needed with a webhook"
    )
    telegram_rate: Annotated[float, Field(ge=0)] = Field(
        30, description="messages a second to Telegram at most; `0`: no limit, for a server of one's own"
    )
    web_host: str = Field("127.0.0.1", description="address the phone page listens on")
    web_port: Annotated[int, Field(ge=1, le=65535)] = Field(8080, description="port the phone page listens on")
    web_base_url: str | None = Field(
        None, description="address of the phone page as phones reach it; empty: `http://` host and port"
    )
    web_proxies: str = Field(
        "127.0.0.1,::1",
        description="addresses or networks, with commas between, of the proxies whose `X-Forwarded-For` is believed",
    )
    metrics_token: SecretStr | None = Field(
        None,
        description="secret of whoever reads `/metrics`, 16 characters or more; empty: this machine alone, without a proxy",
    )
    max_upload_mb: Annotated[int, Field(ge=1, le=50)] = Field(10, description="largest photo or file taken, in MB")
    keep_messages_days: Annotated[int, Field(ge=1)] = Field(
        30, description="days until worked-on and sent messages are erased; what was filed from them stays"
    )
    keep_drafts_days: Annotated[int, Field(ge=4)] = Field(
        30, description="days until a conversation nobody came back to is erased"
    )
    worker_name: Annotated[str | None, Field(max_length=60)] = Field(
        None,
        description="name of this process, the same after a restart, different from all others that share its "
        "database; empty: `main` on SQLite, the host name on PostgreSQL",
    )
    worker_process: bool = Field(
        default=True, description="whether messages are worked on in a process of its own, which uses a second core"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least severe line logged")
    log_format: Literal["console", "json"] = Field("console", description="`console` for people, `json` for machines")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The file lies in the data folder, so the folder has to be known first."""
        folder = Path((init_settings() | env_settings() | init_settings()).get("data_dir", "data"))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, folder / FILE)

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: Any, info: Any) -> Any:
        return cls.model_fields[info.field_name].default if value == "" else value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        try:
            url = sa.make_url(value.get_secret_value())
        except sa.exc.ArgumentError:
            raise ValueError("应写成 postgresql+asyncpg://用户:密码@主机/库名") from None
        if url.drivername not in _DRIVERS:
            raise ValueError("只支持 sqlite+aiosqlite 和 postgresql+asyncpg")
        return SecretStr(url.set(drivername=_DRIVERS[url.drivername]).render_as_string(hide_password=False))

    @field_validator("telegram_token")
    @classmethod
    def _whole_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"\d+:[\w-]+", value.get_secret_value()):
            raise ValueError("令牌不完整，应是 BotFather 给的“数字：字母”整段")
        return value

    @field_validator("telegram_base_url", "telegram_webhook_url", "web_base_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).netloc):
            raise ValueError("应写成 https://… 或 http://… 的网址")
        return value and value.rstrip("/")

    @field_validator("web_proxies")
    @classmethod
    def _addresses(cls, value: str) -> str:
        try:
            return ",".join(str(ipaddress.ip_network(part.strip(), strict=False)) for part in value.split(","))
        except ValueError:
            raise ValueError("应写成地址或网段，用逗号隔开，如 10.0.0.2,192.168.1.0/24") from None

    @field_validator("metrics_token")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[!-~]{16,}", value.get_secret_value()):
            raise ValueError("应为 16 个以上的字母、数字或符号，中间不空格")
        return value

    @model_validator(mode="after")
    def _webhook_is_whole(self) -> Settings:
        if self.telegram_webhook_url and self.telegram_webhook_secret is None:
            raise ValueError("设了 CUNBAO_TELEGRAM_WEBHOOK_URL，还要设 CUNBAO_TELEGRAM_WEBHOOK_SECRET")
        return self

    @property
    def database(self) -> str:
        """The database's address, password and all: never to be shown."""
        return self.database_url.get_secret_value() if self.database_url else sqlite_url(self.database_file)

    @property
    def database_file(self) -> Path:
        """Where SQLite keeps the database when no other one is set."""
        return self.data_dir / "cunbao.db"

    @property
    def is_sqlite(self) -> bool:
        return self.database.startswith("sqlite")

    @property
    def key_path(self) -> Path:
        return self.key_file or self.data_dir / "keys" / "cunbao.key"

    @property
    def media_dir(self) -> Path:
        return self.data_dir / "media"

    @property
    def web_address(self) -> str:
        """The phone page as people open it."""
        host = f"[{self.web_host}]" if ":" in self.web_host else self.web_host
        return self.web_base_url or f"http://{host}:{self.web_port}"

    @property
    def proxies(self) -> list[str]:
        """Networks whose word is taken on whom they forward for."""
        return self.web_proxies.split(",")

    @property
    def watcher(self) -> str:
        """What whoever reads the metrics has to say; empty where it is enough to be on this machine."""
        return self.metrics_token.get_secret_value() if self.metrics_token else ""

    @property
    def worker(self) -> str:
        return self.worker_name or ("main" if self.is_sqlite else socket.gethostname()[:60])

    @property
    def max_upload(self) -> int:
        """In bytes."""
        return self.max_upload_mb * 1024 * 1024

    @property
    def secrets(self) -> list[str]:
        """Values that no log line may hold."""
        values = [getattr(self, name) for name in type(self).model_fields]
        password = sa.make_url(self.database).password
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr)] + [
            str(password) for password in [password] if password
        ]


def load_settings(**overrides: Any) -> Settings:
    """The settings in force; `overrides` win over environment and file. Raises SettingsError."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [_told(tuple(wrong["loc"]), wrong["type"], wrong["msg"], wrong.get("ctx", {})) for wrong in error.errors()]
        raise SettingsError("\n".join(["设置有误：", *lines])) from None
    except ValueError as error:  # a file that is no TOML
        raise SettingsError(f"设置文件 {FILE} 写法不对：{error}") from None


def rows() -> list[SettingRow]:
    """The configuration table, in the order of the settings."""
    return [
        SettingRow(variable(name), "" if field.default is None else str(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def variable(name: str) -> str:
    return PREFIX + name.upper()


def unknown_variables() -> list[str]:
    """`CUNBAO_...` variables of the environment that are no setting: most likely misspelt."""
    known = {row.name for row in rows()}
    return sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)


def _told(loc: tuple[int | str, ...], kind: str, message: str, context: dict[str, Any]) -> str:
    complaint = _COMPLAINTS.get(kind, message).format_map(context)
    return f"  {variable(str(loc[0]))}: {complaint}" if loc else f"  {complaint}"
