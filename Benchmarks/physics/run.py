#!/usr/bin/env python3
"""Speed of the sulfide physics beside the same map in NumPy and in Numba, and beside PyBaMM, in one interleaved run.

    run.py PHYSICS_BENCHMARK SOLIDFADE [--repetitions 3] [--out Benchmarks/physics.md]

Needs numpy and numba; PyBaMM is left out where it is not installed. Times are medians; CPU time is that of all
threads of the process and, unlike wall time, hardly depends on what else the machine does.
"""

import argparse
import csv
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import numpy as np

import ageing_map

CYCLES = 1000
AGES = np.array([round(k * CYCLES / 60) for k in range(1, 61)])
CURVE_AGES = np.array([k * CYCLES // 20 for k in range(1, 21)])
NONE = np.zeros(0, np.int64)
DESIGN = """cell_id,cathode_material,nickel_fraction,morphology,coating_class,coating,dopant,electrolyte_material,\
electrolyte_class,anode_material,anode_class,voltage_reference,upper_cutoff_v,lower_cutoff_v,discharge_c_rate,\
temperature_celsius,stack_pressure_mpa,areal_loading_mg_cm2
A1,NCM811,0.8,single,oxide,LiNbO3,none,Li6PS5Cl,argyrodite,Li-In,LiIn,Li,4.3,2.5,0.2,25,50,10
"""


def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result


# A small process of its own starts the command: a child's peak memory begins with that of the process it was forked from.
LAUNCHER = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
wall = time.perf_counter() - start
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6]))
sys.stdout.flush()
sys.stdout.buffer.write(done.stdout)
"""


def process(command):
    """Output, wall [s], CPU [s] and peak resident memory [MB] of a command."""
    out = subprocess.run([sys.executable, "-c", LAUNCHER, *command], stdout=subprocess.PIPE, check=True).stdout
    head, _, text = out.partition(b"\n")
    status, wall, cpu, peak = json.loads(head)
    if status != 0:
        raise SystemExit(f"{command} ended with status {status}")
    return text.decode(), wall, cpu, peak


def pybamm_cycle():
    """A function that returns the CPU time of one 1C cycle of a single-particle model with SEI growth, or None."""
    try:
        import pybamm
    except ImportError:
        return None
    pybamm.set_logging_level("ERROR")
    os.environ["PYBAMM_DISABLE_TELEMETRY"] = "true"

    def cycle():
        count = 4
        experiment = pybamm.Experiment(
            [("Discharge at 1C until 2.5 V", "Charge at 1C until 4.2 V", "Hold at 4.2 V until C/5")] * count)
        simulation = pybamm.Simulation(
            pybamm.lithium_ion.SPM({"SEI": "solvent-diffusion limited"}),
            parameter_values=pybamm.ParameterValues("Chen2020"), experiment=experiment)
        simulation.solve(initial_soc=1)
        _, cpu, _ = timed(lambda: simulation.solve(initial_soc=1))
        return cpu / count

    return cycle


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("benchmark")
    parser.add_argument("tool")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--out", default=str(Path(__file__).parent.parent / "physics.md"))
    options = parser.parse_args()

    rows = list(csv.DictReader(io.StringIO(process([options.benchmark, "--cells"])[0])))
    cells = ageing_map.cells_from({k: [float(r[k]) for r in rows] for k in rows[0]})
    retention = np.array([float(r["retention"]) for r in rows])
    count = len(rows)
    unit = 1e6 / (count * CYCLES)

    vector = ageing_map.vectorised(cells)
    start, set_threads = ageing_map.compiled()
    scalar = start(cells)
    compiling = timed(lambda: scalar(2, NONE, NONE, 2))[1]
    pybamm = pybamm_cycle()

    seen = {}

    def note(name, value):
        seen.setdefault(name, []).append(value)

    loads = []
    with tempfile.TemporaryDirectory() as folder:
        design = Path(folder) / "cells.csv"
        design.write_text(DESIGN)
        for _ in range(options.repetitions):
            loads.append(os.getloadavg()[0])
            output, _, _, memory = process([options.benchmark, "1"])
            for key, value in json.loads(output).items():
                note(key, value)
            note("memory_mb", memory)

            _, cpu, (ends, _, _) = timed(lambda: vector(CYCLES, NONE, NONE, 2))
            note("numpy_life", cpu * unit)
            note("numpy_gap", float(np.abs(ends[:, 1] / ends[:, 0] - retention).max()))
            wall, cpu, _ = timed(lambda: vector(CYCLES, AGES, CURVE_AGES, 200))
            note("numpy_full_wall", wall)
            note("numpy_full_cpu", cpu)

            set_threads(1)
            _, cpu, (ends, _, _) = timed(lambda: scalar(CYCLES, NONE, NONE, 2))
            note("numba_life", cpu * unit)
            note("numba_gap", float(np.abs(ends[:, 1] / ends[:, 0] - retention).max()))
            set_threads(2)
            wall, cpu, _ = timed(lambda: scalar(CYCLES, AGES, CURVE_AGES, 200))
            note("numba_full_wall", wall)
            note("numba_full_cpu", cpu)

            if pybamm:
                note("pybamm_cycle", pybamm() * 1e6)

            command = [options.tool, "simulate", str(design), "--cycles", str(CYCLES), "--draws", "1000", "--json"]
            _, wall, cpu, memory = process(command)
            note("tool_wall", wall)
            note("tool_cpu", cpu)
            note("tool_memory", memory)

    m = {name: statistics.median(values) for name, values in seen.items()}
    print(json.dumps({"median": m, "all": seen, "load": loads, "numba_compile_s": compiling}, indent=1))
    Path(options.out).write_text(report(m, seen, loads, compiling, options.repetitions))


def significant(x):
    return f"{x:.2g}" if x < 10 else f"{x:.0f}"


def report(m, seen, loads, compiling, repetitions):
    def version(name):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return "not installed"

    def bar(value, limit):
        return "met" if value <= limit else "missed"

    life, full = m["life_us_per_cell_cycle"], m["full_cpu_s"]
    lowest = lambda name: significant(min(seen[name]))
    peers = [
        ("SolidFade, eight lanes of AVX2", life, full, m["full_wall_s"], "–"),
        ("the same map in NumPy, 1000 cells side by side", m["numpy_life"], m["numpy_full_cpu"], m["numpy_full_wall"],
         f"{m['numpy_gap']:.0e}"),
        ("the same map in Numba, cell by cell", m["numba_life"], m["numba_full_cpu"], m["numba_full_wall"],
         f"{m['numba_gap']:.0e}"),
    ]
    lines = [
        "# Speed of the sulfide physics", "",
        "Written by `make bench-physics`: 1000 coated single-crystal cells drawn from the prior, 1000 cycles each, "
        f"medians of {repetitions} interleaved repetitions.", "",
        f"Machine: {cpu_name()}, {os.cpu_count()} threads, {platform.system()}; one-minute load of the machine at the "
        f"start of the repetitions: {', '.join(f'{x:.1f}' for x in loads)}. Versions: "
        f"Python {platform.python_version()}, NumPy {version('numpy')}, Numba {version('numba')}, "
        f"PyBaMM {version('pybamm')}.", "",
        "CPU times count all threads. Where the load is above the number of threads, wall times measure the company "
        "as much as the program, and CPU times are lengthened by the core's other thread.", "",
        "| per-cycle map | lives alone, CPU µs per cell-cycle | ratio | states at 60 ages and 20 curves of 200 points, "
        "CPU s | wall s, 2 threads | ratio of CPU | largest gap of retention |", "|---|---|---|---|---|---|---|",
    ]
    for name, alone, cpu, wall, gap in peers:
        lines.append(
            f"| {name} | {significant(alone)} | {significant(alone / life)} | {significant(cpu)} | {significant(wall)} | "
            f"{significant(cpu / full)} | {gap} |")
    lines += [
        "", "SolidFade also watches six ways to fail at every step, and in the full run integrates energy at every step; "
        "the peers do neither. NumPy uses one thread. Numba's compilation "
        f"({significant(compiling)} s of CPU) is not counted.", "",
    ]
    if "pybamm_cycle" in m:
        lines += [
            f"PyBaMM's single-particle model with solvent-diffusion-limited SEI, solving 1C cycles in time: "
            f"{significant(m['pybamm_cycle'] / 1e3)} ms of CPU a cycle (4 cycles, set-up not counted), "
            f"{significant(m['pybamm_cycle'] / life)} times a cell-cycle here. It is another model, resolved within the "
            "cycle, of a liquid cell: the ratio says what a simulated life costs, not which code is better.", "",
        ]
    lines += [
        "| bar | limit | median | least | |", "|---|---|---|---|---|",
        f"| lives alone, CPU µs per cell-cycle and core | 0.2 | {significant(life)} | {lowest('life_us_per_cell_cycle')} | "
        f"{bar(life, 0.2)} |",
        f"| 1000 cells with states, failures and 20 curves, wall s on 2 threads | 1 | {significant(m['full_wall_s'])} | "
        f"{lowest('full_wall_s')} | {bar(m['full_wall_s'], 1)} |",
        f"| … CPU s of both threads | – | {significant(full)} | {lowest('full_cpu_s')} | |",
        f"| `simulate cells.csv --cycles 1000 --draws 1000 --json`, one design, whole process, wall s | 2 | "
        f"{significant(m['tool_wall'])} | {lowest('tool_wall')} | {bar(m['tool_wall'], 2)} |",
        f"| … CPU s | – | {significant(m['tool_cpu'])} | {lowest('tool_cpu')} | |",
        f"| … peak memory, MB | 200 | {significant(m['tool_memory'])} | {lowest('tool_memory')} | "
        f"{bar(m['tool_memory'], 200)} |",
        f"| drawing 1000 cells, CPU ms | 15 | {significant(m['draw_cpu_ms'])} | {lowest('draw_cpu_ms')} | "
        f"{bar(m['draw_cpu_ms'], 15)} |",
        f"| losses split over seven mechanisms, CPU µs per cell and age | – | "
        f"{significant(m['attribution_us_per_cell_age'])} | {lowest('attribution_us_per_cell_age')} | |", "",
        f"The benchmark process holds all 4 million curve points and peaks at {significant(m['memory_mb'])} MB.", "",
    ]
    return "\n".join(lines)


def cpu_name():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown processor"


if __name__ == "__main__":
    sys.exit(main())
