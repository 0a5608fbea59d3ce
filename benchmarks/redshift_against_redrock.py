#!/usr/bin/env python3
"""Redshifts of one coadd file by Redrock and by zspex in one go, whole runs on one core: agreement first, then the ratio.

  redshift_against_redrock.py --rrdesi FILE --input COADD --templates FOLDER [--zspex build/zspex] [-n 100] [--truth FILE]
                              [--precision mixed|double] [--repeat 1] [--ranks 2] [--mpirun 'mpirun --oversubscribe']

rrdesi is Redrock's program (pip install redrock desispec), run by the Python that is beside it. Both programs read the same
targets and templates and write redshifts and details; times are those of the whole process, start to end, by the clock and in
CPU seconds. The runs alternate. Then zspex runs over --ranks ranks: time against one, the same tables, peak memory of a rank.
No ratio is printed when the results disagree. Needs numpy, astropy and h5py. Exit status: 0 agreed, 1 disagreed.
"""
import argparse
import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

from needed import need

need('astropy', 'h5py', 'numpy')
import h5py
import numpy as np
from astropy.io import fits

MAX_DZ, MAX_DCHI2, MAX_DSCAN = 1e-7, 1e-5, {'mixed': 1e-5, 'double': 1e-6}
NODATA = 512


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rrdesi', required=True)
    parser.add_argument('--input', required=True)
    parser.add_argument('--templates', required=True)
    parser.add_argument('--zspex', default='build/zspex')
    parser.add_argument('-n', '--ntargets', type=int)
    parser.add_argument('--truth', help='table of TARGETID, SPECTYPE and Z')
    parser.add_argument('--precision', default='mixed', choices=MAX_DSCAN)
    parser.add_argument('--repeat', type=int, default=1)
    parser.add_argument('--ranks', type=int, default=2)
    parser.add_argument('--mpirun', default='mpirun --oversubscribe')
    return parser.parse_args()


def timed(command):
    """Seconds by the clock, seconds of CPU, and the most memory in MB of one process."""
    environment = dict(os.environ, **{name + '_NUM_THREADS': '1' for name in ('OMP', 'OPENBLAS', 'MKL', 'NUMBA')})
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode != 0:
        sys.exit('%s ended with %d:\n%s' % (shlex.join(command), run.returncode, run.stdout[-3000:]))
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, run.stdout


def peak_memory(text):
    """Of zspex's report, MiB."""
    words = text.split('peak memory of a rank')
    return words[1].split()[0] if len(words) > 1 else '?'


def relative(a, b):
    return float(np.max(np.abs(a - b) / np.maximum(np.abs(b), 1))) if len(a) else 0.0


def compare(folder, precision):
    """Whether all targets and all points of all scans agree."""
    ours, theirs = (fits.getdata(os.path.join(folder, name + '.fits'), 'REDSHIFTS') for name in ('zspex', 'redrock'))
    row = {targetid: i for i, targetid in enumerate(ours['TARGETID'])}
    ours = ours[[row[targetid] for targetid in theirs['TARGETID']]]
    data = (theirs['ZWARN'] & NODATA) == 0
    names = [np.char.strip(np.asarray(t[c]).astype(str)) for t in (ours, theirs) for c in ('SPECTYPE', 'SUBTYPE')]
    dz = np.abs(ours['Z'] - theirs['Z']) / (1 + theirs['Z'])
    differ = data & ((names[0] != names[2]) | (names[1] != names[3]) | (ours['ZWARN'] != theirs['ZWARN']) | (dz > MAX_DZ))
    dchi2 = relative(ours['CHI2'][data], theirs['CHI2'][data])
    dscan = 0.0
    with h5py.File(os.path.join(folder, 'zspex.h5')) as a, h5py.File(os.path.join(folder, 'redrock.h5')) as b:
        rows = {targetid: i for i, targetid in enumerate(a['targetids'][:])}
        order = [rows[targetid] for targetid in b['targetids'][:]]
        for name in b['zscan']:
            chi2 = [f['zscan'][name]['zchi2'][:].astype(float) for f in (a, b)]
            dscan = max(dscan, relative(chi2[0][order].ravel(), chi2[1].ravel()))
    print('%d targets: %d differ in type, z or ZWARN; |dz|/(1+z) at most %.1e, chi2 %.1e, scans %.1e relative'
          % (len(theirs), differ.sum(), dz[data & ~differ].max(initial=0), dchi2, dscan))
    return not differ.any() and dchi2 <= MAX_DCHI2 and dscan <= MAX_DSCAN[precision]


def success(name, table, truth):
    row = {targetid: i for i, targetid in enumerate(table['TARGETID'])}
    known = [(t, row[t['TARGETID']]) for t in truth if t['TARGETID'] in row]
    right = [abs(table['Z'][i] - t['Z']) / (1 + t['Z']) * 299792.458 < 1000 for t, i in known]
    kind = [str(table['SPECTYPE'][i]).strip().upper() == str(t['SPECTYPE']).strip().upper() for t, i in known]
    print('%-8s right redshift %d of %d, right type %d' % (name, sum(right), len(known), sum(kind)))


def same_tables(folder):
    first, second = (fits.open(os.path.join(folder, name + '.fits')) for name in ('zspex', 'ranks'))
    return all(a.data.tobytes() == b.data.tobytes() for a, b in zip(first[1:], second[1:]))


def main():
    args = arguments()
    zspex, redrock = [], []
    with tempfile.TemporaryDirectory() as folder:
        def outputs(name):
            return ['-i', args.input, '-t', args.templates, '-o', os.path.join(folder, name + '.fits'),
                    '-d', os.path.join(folder, name + '.h5')] + (['-n', str(args.ntargets)] if args.ntargets else [])
        ours = [args.zspex, 'redshift', '--precision', args.precision]
        for i in range(args.repeat):
            seconds, cpu, text = timed(ours + outputs('zspex'))
            zspex.append((seconds, cpu))
            memory = peak_memory(text)
            redrock.append(timed([args.rrdesi, '--mp', '1'] + outputs('redrock'))[:2])
            if i == 0 and not compare(folder, args.precision):
                print('the results disagree: no ratio')
                return 1
            print('run %d: redrock %.1f s (%.1f s of CPU), zspex %.2f s (%.2f s of CPU), %s MiB'
                  % (i + 1, *redrock[-1], *zspex[-1], memory), flush=True)
        for what, k in (('', 0), (', in CPU seconds', 1)):
            ratios = [a[k] / b[k] for a, b in zip(redrock, zspex)]
            print('%.1f times faster than redrock on one core%s (%s)'
                  % (statistics.median(ratios), what, ', '.join('%.1f' % r for r in ratios)))
        if args.truth:
            truth = fits.getdata(args.truth, 1)
            for name in ('zspex', 'redrock'):
                success(name, fits.getdata(os.path.join(folder, name + '.fits'), 'REDSHIFTS'), truth)
        scaling = []
        for _ in range(max(args.repeat, 3)):
            one = timed(ours + outputs('zspex'))[0]
            seconds, _, text = timed(shlex.split(args.mpirun) + ['-n', str(args.ranks)] + ours + outputs('ranks'))
            scaling.append(one / seconds)
            if not same_tables(folder):
                print('%d ranks give other tables than one' % args.ranks)
                return 1
        print('%d ranks: %.2f times one rank (%s), the same tables, %s MiB per rank'
              % (args.ranks, statistics.median(scaling), ', '.join('%.2f' % r for r in scaling), peak_memory(text)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
