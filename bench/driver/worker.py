# SPDX-License-Identifier: MIT
"""The long-lived processes that do the work, asked line by line."""
import os
import subprocess
import tempfile


class Lost(Exception):
    """A worker ended, or cannot do what it was asked."""


def environment(threads):
    """Ours, less what holds a BLAS back; for the measured processes alone."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("OPENBLAS_")}
    return kept | {"OMP_NUM_THREADS": str(threads), "JAX_PLATFORMS": "cpu",
                   "PYTHONDONTWRITEBYTECODE": "1"}


class Worker:
    """bench/rows.c says what it can be asked."""

    def __init__(self, command, threads):
        # Some peers have no option: they make a thread for each processor that
        # they may use. The last ones, since the first serves interrupts.
        cores = sorted(os.sched_getaffinity(0))[-threads:]
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [*command, str(threads)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env=environment(threads),
            preexec_fn=lambda: os.sched_setaffinity(0, cores))

    def _why(self):
        self.errors.seek(0)
        lines = [line for line in self.errors.read().split("\n") if line]
        return lines[-1] if lines else "it said nothing"

    def ask(self, line):
        """(what follows "ok", the lines before it)"""
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except OSError:
            raise Lost(self._why()) from None
        lines = []
        for answer in self.process.stdout:
            word, _, rest = answer.rstrip("\n").partition(" ")
            if word == "ok":
                return rest, lines
            if word == "absent":
                raise Lost(rest)
            lines.append(answer)
        raise Lost(self._why())

    def seconds(self, count):
        """Mean time of a unit of work over `count` of them."""
        return float(self.ask(f"time {count}")[0])

    def results(self):
        """{name: numbers} of the row that is open."""
        words = [line.split() for line in self.ask("show")[1]]
        return {name: [float(v) for v in values]
                for name, *values in words}

    def stop(self):
        try:
            self.process.stdin.close()
        except OSError:
            pass  # it is gone, with what was left to say to it
        self.process.stdout.close()
        self.process.wait()
        self.errors.close()


class Workers:
    """A worker for each subject, started when it is first needed."""

    def __init__(self, commands, threads):
        self.commands, self.threads, self.running = commands, threads, {}

    def get(self, subject):
        key = subject.program, subject.form, subject.cell
        worker = self.running.get(key)
        if worker is None or worker.process.poll() is not None:
            worker = Worker(self.commands[subject.program], self.threads)
            self.running[key] = worker
        return worker

    def close(self):
        """The row is over for all."""
        for worker in self.running.values():
            try:
                worker.ask("close")
            except Lost:
                pass  # get() starts another one

    def stop(self):
        for worker in self.running.values():
            worker.stop()
        self.running.clear()
