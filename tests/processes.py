"""For processes that the tests start."""

import signal


def heed_interrupts():
    """In the new process: what is started in the background inherits that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
