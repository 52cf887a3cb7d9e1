"""Draws one Vega-Lite spec in a process of its own: JSON on standard input, the image on standard output.

vl-convert runs JavaScript and holds Python's lock from beginning to end: half a second for a first chart, and for ever
for a spec that counts to infinity. In a worker's process all agents, heartbeats and cancels would stand still. A
process of its own can be killed, and the kernel ends it after its share of the processor even if nobody is left to.

Run by its path, so that it imports nothing of Wand.
"""

import json
import resource
import sys

CPU_SECONDS = 30
MEMORY_BYTES = 1024**3


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import vl_convert

    order = json.load(sys.stdin)
    # An empty list of allowed URLs: no data and no image is loaded, from the network or from files.
    if order["format"] == "png":
        image = vl_convert.vegalite_to_png(order["spec"], scale=order["scale"], allowed_base_urls=[])
    else:
        image = vl_convert.vegalite_to_svg(order["spec"], allowed_base_urls=[]).encode()
    sys.stdout.buffer.write(image)


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:  # what vl-convert raises for a spec that cannot be drawn
        sys.exit(str(error))
