#!/usr/bin/env python3
"""Registers, memory and occupancy of zspex's kernels on NVIDIA GPUs, read from the machine code of a build for CUDA.

  benchmarks/device_resources.py [FILE...]         # default: build-cuda/kernels/libzspex_kernels.a

For two architectures the kernels are built once more with the environment variable
NVCC_APPEND_FLAGS=-gencode=arch=compute_80,code=sm_80 beside the architecture of Kokkos. No GPU is needed.

cuobjdump is looked for in PATH and in CUDA's folder; --cuobjdump names another (the module nvidia-cuda-cuobjdump of PyPI has
one). With nvdisasm beside it the instructions are counted: all, and those that go to a thread's own memory, where spilled
registers are.

Columns: the architecture; registers of a thread; bytes of a thread's stack (spilled registers, arrays); bytes of shared memory
that are fixed when compiled (a team's scratch comes on top: --scratch); warps that a multiprocessor can hold at once, as the
registers and shared memory allow, with teams of so many threads, and of how many. "constant": Kokkos gives the kernel its
arguments through constant memory, so that the host waits for the kernel before.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys

REGISTERS, WARP = 65536, 32  # of a multiprocessor; of all architectures since 3.5
# Warps, blocks and bytes of shared memory of a multiprocessor: CUDA C++ Programming Guide, technical specifications.
LIMITS = {"sm_70": (64, 32, 96), "sm_75": (32, 16, 64), "sm_80": (64, 32, 164), "sm_86": (48, 16, 100), "sm_89": (48, 24, 100),
          "sm_90": (64, 32, 228), "sm_100": (64, 32, 228), "sm_120": (48, 24, 100)}


def die(message):
    sys.exit(f"device_resources.py: {message}")


def run(command, **more):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    if done.returncode:
        die(f"{command[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def find_cuobjdump(named):
    found = named or shutil.which("cuobjdump") or "/usr/local/cuda/bin/cuobjdump"
    if not os.access(found, os.X_OK):
        die(f"expected cuobjdump at {found}, found none. It comes with the CUDA toolkit; or install nvidia-cuda-cuobjdump and "
            "nvidia-cuda-nvdisasm with pip, and name it with --cuobjdump.")
    return found


def first_argument(text):
    """The text up to the comma or bracket that ends a template's first argument."""
    depth = 0
    for i, letter in enumerate(text):
        if letter in "<({[":
            depth += 1
        elif letter in ">)}]":
            if depth == 0:
                return text[:i]
            depth -= 1
        elif letter == "," and depth == 0:
            return text[:i]
    return text


def without_parameters(text):
    """resolve<Exec>(View<...> const&)::{lambda(Team const&)#2} -> resolve<Exec> #2"""
    end = len(text)
    depth = 0
    for i, letter in enumerate(text):
        if letter == "<":
            depth += 1
        elif letter == ">":
            depth -= 1
        elif letter == "(" and depth == 0:
            end = i
            break
    number = re.search(r"#(\d+)\}$", text)
    return text[:end] + (f" #{number[1]}" if number and number[1] != "1" else "")


def readable(demangled):
    """The kernel's own name, or None if it is Kokkos' own."""
    launched = re.search(r"Parallel(?:For|Reduce|Scan)(?:WithTotal)?<", demangled)
    functor = first_argument(demangled[launched.end():]) if launched else demangled
    if "CombinedFunctorReducer<" in functor:
        functor = first_argument(functor[functor.index("<") + 1:])
    if not functor.startswith("zspex::"):
        return None
    name = without_parameters(functor)
    name = re.sub(r"zspex::kernels::|detail::|\(anonymous namespace\)::", "", name)
    name = re.sub(r"<Kokkos::Cuda(?:, )?", "<", name).replace("<>", "")
    return name.strip()


def read_kernels(cuobjdump, path):
    """[(architecture, mangled name, {REG: ..., STACK: ..., SHARED: ...})]"""
    kernels, arch, name = [], None, None
    for line in run([cuobjdump, "--dump-resource-usage", path]).splitlines():
        if match := re.match(r"arch = (\w+)", line):
            arch = match[1]
        elif match := re.match(r"\s*Function (\S+):$", line):
            name = match[1]
        elif name and "REG:" in line:
            numbers = {key: int(value) for key, value in re.findall(r"(\w+):(\d+)", line)}
            kernels.append((arch, name, numbers))
            name = None
    return kernels


def count_instructions(cuobjdump, path):
    """{(architecture, mangled name): (all, those to and from a thread's own memory)}, empty without nvdisasm"""
    folder = os.path.dirname(cuobjdump)
    environment = dict(os.environ, PATH=f"{folder}:{os.environ.get('PATH', '')}")
    if not shutil.which("nvdisasm", path=environment["PATH"]):
        return {}
    counts, key = {}, None
    arch = None
    for line in run([cuobjdump, "--dump-sass", path], env=environment).splitlines():
        if match := re.match(r"\s*code for (\w+)", line):
            arch = match[1]
        elif match := re.match(r"\s*Function : (\S+)", line):
            key = arch, match[1]
            counts[key] = (0, 0)
        elif match := re.match(r"\s*/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+ )?([A-Z0-9]+)", line):
            total, local = counts[key]
            counts[key] = total + 1, local + (match[1] in ("LDL", "STL"))
    return counts


def warps_held(arch, registers, shared, threads):
    """Of blocks of so many threads. Registers are given to warps in portions of 256, to as many in each quarter of the
    multiprocessor; shared memory to blocks with 1 KiB more."""
    warps, blocks, kilobytes = LIMITS[arch]
    of_block = -(-threads // WARP)
    of_warp = -(-registers * WARP // 256) * 256
    fits = min(blocks, warps // of_block, REGISTERS // 4 // of_warp * 4 // of_block)
    return of_block * min(fits, kilobytes * 1024 // (shared + 1024))


def demangle(names):
    return dict(zip(names, run(["c++filt"], input="\n".join(names)).splitlines()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="*", help="libraries, objects or programs",
                        default=["build-cuda/kernels/libzspex_kernels.a"])
    parser.add_argument("--cuobjdump", help="the program, where PATH and /usr/local/cuda don't have it")
    parser.add_argument("--threads", default="96,128,256", help="of a team: warps times 32 (default: %(default)s)")
    parser.add_argument("--scratch", type=int, default=0, help="bytes of a team's scratch (default: %(default)s)")
    parser.add_argument("--only", default="", help="kernels whose name has this (a regular expression)")
    parser.add_argument("--markdown", action="store_true", help="as a table for docs/")
    options = parser.parse_args()
    try:
        threads = [int(n) for n in options.threads.split(",")]
        only = re.compile(options.only)
    except (ValueError, re.error) as error:
        parser.error(str(error))

    cuobjdump = find_cuobjdump(options.cuobjdump)
    rows, seen, kokkos = [], set(), 0
    for path in options.file:
        if not os.path.exists(path):
            die(f"expected a build for CUDA, found no {path}. cmake --preset cuda && cmake --build --preset cuda")
        kernels = read_kernels(cuobjdump, path)
        counts = count_instructions(cuobjdump, path)
        plain = demangle(sorted({name for _, name, _ in kernels}))
        for arch, mangled, numbers in kernels:
            name = readable(plain[mangled])
            if name is None:
                kokkos += 1
                continue
            if (arch, mangled) in seen or not only.search(name):
                continue
            seen.add((arch, mangled))
            total, local = counts.get((arch, mangled), ("-", "-"))
            held = ["-"] * len(threads)
            if arch in LIMITS:
                held = [f"{warps_held(arch, numbers['REG'], numbers['SHARED'] + options.scratch, n)}/{LIMITS[arch][0]}"
                        for n in threads]
            rows.append([name, arch, numbers["REG"], numbers["STACK"], numbers["SHARED"], total, local, *held,
                         "constant" if "constant_memory" in mangled else ""])
    if not rows:
        die(f"expected kernels of zspex in {' '.join(options.file)}, found none ({kokkos} of Kokkos' own).")
    rows.sort(key=lambda row: (row[0], row[1]))
    heads = ["kernel", "arch", "registers", "stack", "shared", "instructions", "local", *[f"{n} threads" for n in threads],
             "launch"]
    print_table(heads, rows, options.markdown)
    if not options.markdown:
        print(f"{len(rows)} kernels; {kokkos} of Kokkos' own (views that are filled or copied) aren't listed.")


def print_table(heads, rows, markdown):
    cells = [[str(cell) for cell in row] for row in [heads, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    for number, row in enumerate(cells):
        if markdown:
            print("| " + " | ".join(row) + " |")
            if number == 0:
                print("|" + "---|" * len(row))
        else:
            print(row[0].ljust(widths[0]), *[cell.rjust(width) for cell, width in zip(row[1:], widths[1:])], sep="  ")


if __name__ == "__main__":
    main()
