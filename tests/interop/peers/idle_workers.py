"""The workers of a broker that wait for a request, as both brokers of the Python package keep them."""

import collections
import time

import talk


class IdleWorkers:
    """Those that were not heard of for a period are asked for a sign of life; after two more they are dropped."""

    def __init__(self, period, ask):
        self._period = period
        self._ask = ask
        self._due = collections.OrderedDict()  # by id: when it is to be heard of again

    def heard(self, worker):
        self._due[worker] = time.monotonic() + self._period

    def take(self):
        """The one that waits longest. If there is none, the broker ends, as the package's does."""
        return self._due.popitem(last=False)[0]

    def look_after(self):
        now = time.monotonic()
        for worker, due in list(self._due.items()):
            if due + 2 * self._period < now:
                del self._due[worker]
                talk.say("dropped")
            elif due < now:
                self._ask(worker)
                talk.say("asked")
