"""Counters for Prometheus and for the office's own page."""

from prometheus_client import Counter, Gauge, Histogram

MESSAGES_DONE = Counter("cunbao_messages_done", "Messages worked on")
MESSAGES_FAILED = Counter("cunbao_messages_failed", "Attempts to work on a message that failed")
MESSAGES_REFUSED = Counter("cunbao_messages_refused", "Messages that came and can never be stored")
DEAD_LETTERS = Counter("cunbao_dead_letters", "Messages parked after their last try")
SENT = Counter("cunbao_sent", "Messages sent", ["platform"])
SEND_TROUBLE = Counter("cunbao_send_trouble", "Sends that ended otherwise than sent", ["platform", "state"])
UNCERTAIN = Counter("cunbao_sends_uncertain", "Sends whose outcome was unknown", ["platform"])
SEND_SECONDS = Histogram("cunbao_send_seconds", "Time one send took", ["platform"])
OUTBOX_WAITING = Gauge("cunbao_outbox_waiting", "Messages waiting to be sent")
TROUBLE = Gauge("cunbao_trouble", "1 while something of this kind is wrong, as /healthz lists it", ["kind"])
MAIL_OLDEST = Gauge("cunbao_mail_oldest_seconds", "How long the oldest message has waited to be worked on")
OUTBOX_STILL = Gauge("cunbao_outbox_still_seconds", "For how long the outbox has not moved", ["platform"])
PLATFORM_SILENT = Gauge("cunbao_platform_silent_seconds", "How long ago a platform was last heard", ["platform"])
TICK_LATE = Gauge("cunbao_tick_late_seconds", "How late the latest of the timed jobs is")
DISK_FREE = Gauge("cunbao_disk_free_bytes", "Room on the disk of the data folder")
WORKER_ENDED = Counter("cunbao_worker_ended", "Ends of the worker process that nobody asked for")
PART_FAILED = Counter("cunbao_part_failed", "Failures of a part of the service, which is started again", ["part"])
JOB_DONE = Counter("cunbao_job_done", "How much each timed job did, by its own count", ["job"])


def count_batch(done: int, failed: int, dead: int) -> None:
    """Take what became of a worker's batch into the counters."""
    MESSAGES_DONE.inc(done)
    MESSAGES_FAILED.inc(failed)
    DEAD_LETTERS.inc(dead)
