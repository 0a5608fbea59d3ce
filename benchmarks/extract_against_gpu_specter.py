#!/usr/bin/env python3
"""One bundle, extracted by gpu_specter's CPU path and by zspex in one go, each on one core: agreement first, then the ratio.

  extract_against_gpu_specter.py --gpu-specter DIR --preproc FILE --psf FILE [--zspex build/zspex] [-w 5760,7620,0.8]
                                 [--specmin 0] [--repeat 3]

DIR holds gpu_specter's Python package (a checkout's py/ folder); the Python that runs this needs the modules of requirements.txt. Both programs are timed in seconds of the extraction itself, from image in memory to spectra
in memory: gpu_specter's just-in-time compilation, reading and writing are left out on both sides. The runs alternate, so that a
machine whose speed drifts treats both alike. No ratio is printed when the results disagree. Exit status: 0 agreed, 1 disagreed.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

from needed import need

for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'NUMBA_NUM_THREADS'):
    os.environ[name] = '1'


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--gpu-specter', required=True, help="folder that holds the package gpu_specter")
    parser.add_argument('--preproc', required=True)
    parser.add_argument('--psf', required=True)
    parser.add_argument('--zspex', default='build/zspex')
    parser.add_argument('-w', '--wavelength', default='5760,7620,0.8')
    parser.add_argument('--specmin', type=int, default=0)
    parser.add_argument('--repeat', type=int, default=3)
    parser.add_argument('--max-sigma', type=float, default=1e-4, help="bound on the patch solver's |difference|, sigma")
    return parser.parse_args()


def run_zspex(args, solver, folder):
    """Seconds of the extraction step, and the spectra, from one process on one core."""
    import h5py
    output = os.path.join(folder, solver + '.h5')
    command = [args.zspex, 'extract', '-i', args.preproc, '-p', args.psf, '-o', output, '-w', args.wavelength,
               '-s', str(args.specmin), '-n', '25', '--mask', 'any', '--solver', solver, '--quiet']
    subprocess.run(command, check=True)
    with h5py.File(output) as file:
        frame = next(iter(file['frames'].values()))
        result = {key: frame[key][()].astype(float) for key in ('flux', 'ivar', 'resolution', 'wavelength')}
        seconds = {row['step'].decode(): row['median_seconds'] for row in file['timing'][()]}
    return seconds['extract'], result


def compare(name, result, reference):
    import numpy as np
    flux, ivar = reference['specflux'], reference['specivar']
    good = (ivar > 0) & (result['ivar'] > 0)
    sigma = (np.abs(result['flux'] - flux) * np.sqrt(ivar))[good]
    relative = np.abs(result['ivar'][good] / ivar[good] - 1)
    resolution = np.abs(result['resolution'] - reference['Rdiags'])[np.broadcast_to(good[:, None], result['resolution'].shape)]
    print('%-7s against gpu_specter: flux 99%% %.1e max %.1e sigma, ivar 99%% %.1e, resolution 99.9%% %.1e, bins %d of %d'
          % (name, np.percentile(sigma, 99), sigma.max(), np.percentile(relative, 99), np.percentile(resolution, 99.9),
             good.sum(), good.size))
    return np.percentile(sigma, 99)


def main():
    args = arguments()
    need('astropy', 'h5py', 'numba', 'numpy', 'scipy')
    sys.path.insert(0, args.gpu_specter)
    from gpu_specter.core import extract_frame
    from gpu_specter.io import read_img, read_psf
    image, psf = read_img(args.preproc), read_psf(args.psf)
    wmin, wmax, dwave = (float(x) for x in args.wavelength.split(','))

    def run_reference(wavelength):
        start = time.perf_counter()
        frame = extract_frame(image, psf, 25, args.specmin, 25, wavelength, 50, 5, loglevel='error')
        return time.perf_counter() - start, frame

    run_reference('%g,%g,%g' % (wmin, wmin + 20 * dwave, dwave))  # compiles
    times = {'gpu_specter': [], 'patch': [], 'bundle': []}
    with tempfile.TemporaryDirectory() as folder:
        for i in range(args.repeat):
            seconds, reference = run_reference(args.wavelength)
            times['gpu_specter'].append(seconds)
            for solver in ('patch', 'bundle'):
                seconds, result = run_zspex(args, solver, folder)
                times[solver].append(seconds)
                if i == 0:
                    worst = compare(solver, result, reference)
                    # The reference depends on its own patch size by up to 1e-2 sigma (wavepad 10 against 12).
                    if not worst < (args.max_sigma if solver == 'patch' else 2e-2):
                        print('the results disagree: no ratio')
                        return 1
            print('run %d: gpu_specter %.2f s, patch %.2f s, bundle %.2f s'
                  % (i + 1, times['gpu_specter'][-1], times['patch'][-1], times['bundle'][-1]), flush=True)
    for solver in ('patch', 'bundle'):
        ratios = [a / b for a, b in zip(times['gpu_specter'], times[solver])]
        print('%-7s %.1f times faster than gpu_specter on one core (%s)'
              % (solver, statistics.median(ratios), ', '.join('%.1f' % r for r in ratios)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
