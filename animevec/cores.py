"""Which of the machine's cores a process runs on.

Threads that hand Python's one interpreter to each other across cores wait to be woken on a core
where somebody else may run, and find their data in the caches of another: a process of many
threads that search answers more of them on one core than on two (docs/decisions/0005).
"""

import os
import threading

_ALL = "ANIMEVEC_CORES"  # what this process had before; its children find it in the environment


def keep_to_one() -> None:
    """Run every thread of this process, and those to come, on one of the cores it has.

    Which one differs by process, so that two services seldom choose the same.  Does nothing
    where there is one core only, or none may be chosen (macOS).
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    os.environ[_ALL] = ",".join(map(str, cores))
    chosen = {cores[os.getpid() % len(cores)]}
    for thread in threading.enumerate():
        if thread.native_id is not None:
            os.sched_setaffinity(thread.native_id, chosen)


def spread() -> None:
    """Use all the cores that the process had which started this one."""
    if _ALL in os.environ:
        os.sched_setaffinity(0, set(map(int, os.environ[_ALL].split(","))))
