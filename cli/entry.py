"""Where the command begins. Importing the rest takes a moment, and Ctrl-C is to end that quietly too.

Until the command itself takes over, the system's own way to end on Ctrl-C holds, which prints no trace.
"""

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not ignored, as behind `nohup`
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    from wand_orchestrator.cli.main import main as command

    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command()
