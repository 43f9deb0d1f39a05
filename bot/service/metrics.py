"""Counters for Prometheus and for the office's own page."""

from prometheus_client import Counter, Gauge, Histogram

MESSAGES_DONE = Counter("cunbao_messages_done", "Messages worked on")
MESSAGES_FAILED = Counter("cunbao_messages_failed", "Attempts to work on a message that failed")
DEAD_LETTERS = Counter("cunbao_dead_letters", "Messages parked after their last try")
SENT = Counter("cunbao_sent", "Messages sent", ["platform"])
SEND_TROUBLE = Counter("cunbao_send_trouble", "Sends that ended otherwise than sent", ["platform", "state"])
UNCERTAIN = Counter("cunbao_sends_uncertain", "Sends whose outcome was unknown", ["platform"])
SEND_SECONDS = Histogram("cunbao_send_seconds", "Time one send took", ["platform"])
OUTBOX_WAITING = Gauge("cunbao_outbox_waiting", "Messages waiting to be sent")
JOB_DONE = Counter("cunbao_job_done", "How much each timed job did, by its own count", ["job"])


def count_batch(done: int, failed: int, dead: int) -> None:
    """Take what became of a worker's batch into the counters."""
    MESSAGES_DONE.inc(done)
    MESSAGES_FAILED.inc(failed)
    DEAD_LETTERS.inc(dead)
