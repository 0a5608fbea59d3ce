#!/usr/bin/env python3
"""All strategies of `zspex redshift` on one input, side by side: the same redshifts first, then time, balance and memory.

  strategies.py --input COADD --templates FOLDER [--zspex build/zspex] [--ranks 1 2 4] [-n 100] [-r 3] [--strategies CPU AUTO]
                [--slow-rank 3] [--mpirun 'mpirun --oversubscribe'] [--options '--slice 64']

Each strategy first runs once over each number of ranks, with details. Tables and details must be those of the first run, bit for
bit; with a GPU in the program, where rounding differs, types and warnings must be the same, chi2 within 1e-9 (of columns in single
precision: and a unit in their last place), and Z within 1e-7 (1+Z). Nothing is timed when they are not. Then come the timed runs,
without details, one of each strategy after the other, -r times, and their medians:

  whole          seconds of the process, start to end
  fit            seconds of rebinning, scan, waiting for slices and refinement, each of the rank that took longest
  predicted      the same, as a dry run of GPU_V6 beside each round of runs predicted it; of AUTO, as it said itself
  busy, idle     seconds of the rank that has most of them, in rebinning, scan and refinement
  planned, peak  MiB of the rank that has most, as planned and as taken

With --slow-rank X all that is followed by runs in which the last rank takes X times as long for its work. The ideal is the
strategy's own busy time, dealt so that all ranks end together; the loss is what scan and refinement take longer than that.

In a program without a GPU the host takes the place of one per node (host fallback), in ranks that are no faster than others; they get --gpu-capacity 1 then.
Ranks of Open MPI that wait keep their core busy: on a machine with fewer free cores than ranks export
OMPI_MCA_mpi_yield_when_idle=1 first. Needs the modules of requirements.txt. Exit status: 0 agreed, 1 disagreed or failed; a strategy that says it
can't run here is left out.
"""
import argparse
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

from needed import need

need('h5py', 'numpy')
import h5py
import numpy as np

STRATEGIES = ('CPU', 'GPU_V1', 'GPU_V2', 'GPU_V3', 'GPU_V4', 'GPU_V5', 'GPU_V6', 'AUTO')
SLOWED = ('CPU', 'GPU_V4', 'GPU_V6')
STEPS = ('rebin', 'scan', 'wait for slices', 'refine')
MAX_DCHI2, MAX_DZ = 1e-9, 1e-7
REFUSED = 2  # exit status of what can't run as it was asked for


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--input', required=True, nargs='+')
    parser.add_argument('--templates', required=True, nargs='+')
    parser.add_argument('--zspex', default='build/zspex')
    parser.add_argument('--ranks', type=int, nargs='+', default=[1, 2, 4])
    parser.add_argument('-n', '--ntargets', type=int, default=0, help='of each input; 0: all')
    parser.add_argument('-r', '--repeat', type=int, default=3)
    parser.add_argument('--strategies', nargs='+', default=STRATEGIES, choices=STRATEGIES, metavar='NAME')
    parser.add_argument('--slow-rank', type=float, metavar='X', help='also with a last rank that takes X times as long')
    parser.add_argument('--mpirun', default='mpirun --oversubscribe')
    parser.add_argument('--options', default='', help='more options of zspex redshift')
    return parser.parse_args()


class Refused(Exception):
    pass


class Runs:
    def __init__(self, args, folder):
        self.args, self.folder, self.more = args, folder, []

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, strategy, ranks, *options):
        """Seconds of the whole process, and what it printed. The redshifts are in z.h5."""
        args = self.args
        command = shlex.split(args.mpirun) + ['-n', str(ranks), args.zspex, 'redshift', '-i', *args.input, '-t', *args.templates,
                                              '-n', str(args.ntargets), '-o', self.path('z.h5'), '--strategy', strategy,
                                              *self.more, *shlex.split(args.options), *options]
        environment = dict(os.environ, **{name + '_NUM_THREADS': '1' for name in ('OMP', 'OPENBLAS', 'MKL')})
        start = time.perf_counter()
        run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        seconds = time.perf_counter() - start
        if run.returncode == REFUSED:
            raise Refused(next((line for line in run.stdout.splitlines() if line.strip()), ''))
        if run.returncode != 0:
            sys.exit('%s ended with %d:\n%s' % (shlex.join(command), run.returncode, run.stdout[-3000:]))
        return seconds, run.stdout

    def timed(self, strategy, ranks, *options):
        seconds, _ = self.run(strategy, ranks, *options)
        with h5py.File(self.path('z.h5')) as file:
            rank = file['ranks'][()]
            steps = {row['step'].decode(): row['max_seconds'] for row in file['timing'][()]}
            result = {'whole': seconds, 'fit': sum(steps[step] for step in STEPS),
                      'busy': rank['busy'], 'scan+refine': (rank['busy'] + rank['idle']).max(),
                      'busy max': rank['busy'].max(), 'idle max': rank['idle'].max(),
                      'planned': rank['memory_planned'].max(), 'peak': rank['memory_peak'].max()}
            if strategy == 'AUTO':
                chosen = file['strategies'][()][file['strategies']['chosen'] == 1][0]
                result['chosen'], result['predicted'] = chosen['strategy'].decode(), chosen['total']
        return result

    def predictions(self, ranks):
        """Seconds of scan and refinement by strategy, from the table of a dry run; none where it can't be made."""
        try:
            _, text = self.run('GPU_V6', ranks, '--dry-run')
        except Refused:
            return {}
        rows = re.findall(r'^[-> ]*(CPU|GPU_V\d)((?: +[\d.]+){5}) ', text, re.MULTILINE)
        return {name: float(numbers.split()[4]) for name, numbers in rows}


def read_results(path, details):
    """Columns of the redshifts, and those of the scans and of all minima, by name."""
    columns = {}

    def add(name, values):
        for column in values.dtype.names or ():
            columns['%s %s' % (name, column)] = values[column]
        if not values.dtype.names:
            columns[name] = values

    with h5py.File(path) as file:
        add('redshifts', file['redshifts'][()])
        gpu = any(word in file['provenance'].attrs['kokkos'] for word in (b'Cuda', b'CUDA', b'HIP', b'SYCL'))
    with h5py.File(details) as file:
        for name, scan in file['zscan'].items():
            for kind in ('zchi2', 'penalty', 'zcoeff'):
                add('zscan/%s/%s' % (name, kind), scan[kind][()])
        for targetid, group in file['zfit'].items():
            add('zfit/%s' % targetid, group['zfit'][()])
    return gpu, columns


def tolerance(name, reference):
    """What a GPU's rounding may change. None: anything, in coefficients and in what follows from small differences."""
    kind = re.split('[ /]', name.lower())[-1]
    if kind in ('chi2', 'model_chi2', 'zchi2', 'zzchi2'):
        unit = np.finfo(np.float32).eps if reference.dtype == np.float32 else 0
        return (MAX_DCHI2 + unit) * np.maximum(np.abs(reference), 1)
    if kind in ('z', 'zz'):
        return MAX_DZ * (1 + np.abs(reference))
    return None if reference.dtype.kind == 'f' else 0


def differences(columns, reference, gpu):
    """Names of the columns that differ more than they may."""
    different = []
    for name in sorted(reference.keys() | columns.keys()):
        if name not in columns or name not in reference or columns[name].shape != reference[name].shape:
            different.append(name)
        elif columns[name].tobytes() != reference[name].tobytes():
            most = tolerance(name, reference[name]) if gpu else 0
            exact = reference[name].dtype.kind != 'f' or not gpu
            if exact or (most is not None and not np.all(np.abs(columns[name].astype(float) - reference[name]) <= most)):
                different.append(name)
    return different


def agreement(runs, args):
    """The pairs of ranks and strategy that can run, or None when two of them disagree."""
    able, first, reference, gpu = [], '', None, False
    for ranks in args.ranks:
        for strategy in args.strategies:
            name = '%s over %d rank%s' % (strategy, ranks, 's' * (ranks > 1))
            details = runs.path('details.h5')
            try:
                runs.run(strategy, ranks, '-d', details)
            except Refused as refusal:
                print('%s is left out: %s' % (name, refusal))
                continue
            is_gpu, columns = read_results(runs.path('z.h5'), details)
            if reference is None:
                reference, gpu, first = columns, is_gpu, name
                if not gpu:
                    runs.more = ['--gpu-capacity', '1']
            different = differences(columns, reference, gpu)
            if different:
                print('%s disagrees with %s in %d of %d columns: %s'
                      % (name, first, len(different), len(reference), ', '.join(different[:5])))
                return None
            able.append((ranks, strategy))
    if reference is None:
        sys.exit('no strategy can run')
    print('%d runs, %d targets: redshifts, scans and minima are %s'
          % (len(able), len(reference['redshifts TARGETID']), 'the same within rounding' if gpu else 'the same bits'), flush=True)
    return able


def compare_times(runs, args, able):
    results, predicted = {}, {}
    for _ in range(args.repeat):
        for ranks in args.ranks:
            for name, seconds in runs.predictions(ranks).items():
                predicted.setdefault((ranks, name), []).append(seconds)
        for pair in able:
            results.setdefault(pair, []).append(runs.timed(pair[1], pair[0]))
    print('ranks  strategy         whole s    fit s  predicted s  taken/predicted   busy s   idle s  planned MiB  peak MiB')
    for ranks, strategy in able:
        rows = results[ranks, strategy]

        def median(key):
            return statistics.median(row[key] for row in rows)
        if strategy == 'AUTO':
            expected = [row['predicted'] for row in rows]
            label = 'AUTO: ' + '/'.join(sorted({row['chosen'] for row in rows}))
        else:
            expected, label = predicted.get((ranks, strategy)), strategy
        seconds = median('fit')
        guess = statistics.median(expected) if expected else float('nan')
        print('%5d  %-15s %8.2f %8.2f  %11.2f  %15.2f %8.2f %8.2f  %11.0f  %8.0f'
              % (ranks, label, median('whole'), seconds, guess, seconds / guess, median('busy max'), median('idle max'),
                 median('planned'), median('peak')), flush=True)


def compare_balance(runs, args, able):
    pairs = [pair for pair in able if pair[0] > 1 and pair[1] in SLOWED]
    results = {}
    for _ in range(args.repeat):
        for ranks, strategy in pairs:
            slowdown = np.array([1] * (ranks - 1) + [args.slow_rank])
            run = runs.timed(strategy, ranks, '--slowdown', ','.join('%g' % x for x in slowdown))
            ideal = (run['busy'] / slowdown).sum() / (1 / slowdown).sum()
            results.setdefault((ranks, strategy), []).append((run['scan+refine'], ideal, run['scan+refine'] / ideal - 1))
    print('the last rank takes %g times as long' % args.slow_rank)
    print('ranks  strategy  scan+refine s  ideal s  loss')
    for (ranks, strategy), rows in results.items():
        seconds, ideal, loss = (statistics.median(row[i] for row in rows) for i in range(3))
        print('%5d  %-8s  %13.2f  %7.2f  %3.0f %%  (%s)'
              % (ranks, strategy, seconds, ideal, 100 * loss, ', '.join('%.0f' % (100 * row[2]) for row in rows)), flush=True)


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(args, folder)
        able = agreement(runs, args)
        if able is None:
            print('the results disagree: no times')
            return 1
        compare_times(runs, args, able)
        if args.slow_rank:
            compare_balance(runs, args, able)
    return 0


if __name__ == '__main__':
    sys.exit(main())
