# SPDX-License-Identifier: GPL-3.0-or-later
"""What every IKE daemon of the lab has in common: one process in a host."""

import signal


class Daemon:
    process = None

    def running(self):
        return self.process is not None and self.process.popen.poll() is None

    def stop(self):
        if self.process is None:
            return
        self.process.signal(signal.SIGTERM)
        if self.process.wait(3) is None:
            self.process.kill()
        self.process = None
        self.clear()

    def clear(self):
        """Removes what the process left in the host."""
        self.host.shell("ip xfrm state flush; ip xfrm policy flush")
