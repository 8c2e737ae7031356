"""Real processes that tests look at."""
import psutil


def is_alive(pid):
    """Whether the process is there, and no zombie that nobody has collected."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
