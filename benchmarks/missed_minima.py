#!/usr/bin/env python3
"""How often a scan's refinement misses the true minimum, which lies between two redshifts of the scan, and how often
`--refine adaptive` does.

  missed_minima.py [--zspex build/zspex] [-n 400] [--snr-scale 0.35] [--step 1e-4] [--seed 12]

Simulates faint galaxies, half of them with narrow emission lines, and fits their redshifts with galaxy templates three times:
with the default scan (steps of 3e-4 in log10(1+z)) and Redrock's refinement, with the same scan and --refine adaptive, and with a
scan of --step, which serves as the truth about minima. A minimum is missed where Z is more than 1000 km/s from that of the fine
scan. Needs numpy and astropy.
"""
import argparse
import pathlib
import subprocess
import tempfile
import time

from needed import need

need('astropy', 'numpy')
import numpy as np
from astropy.io import fits

KM_S = 299792.458


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--zspex', default='build/zspex')
    parser.add_argument('-n', '--ntargets', type=int, default=400)
    parser.add_argument('--snr-scale', type=float, default=0.35)
    parser.add_argument('--step', type=float, default=1e-4)
    parser.add_argument('--seed', type=int, default=12)
    return parser.parse_args()


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([args.zspex, 'simulate', '--quiet', '--kind', 'coadds', '-o', folder, '--seed', str(args.seed),
                        '--ntargets', str(args.ntargets), '--snr-scale', str(args.snr_scale), '--fraction-galaxy', '1',
                        '--fraction-qso', '0', '--fraction-star', '0', '--fraction-sky', '0'], check=True)
        coadds = sorted(str(path) for path in pathlib.Path(folder).glob('coadd-*.fits'))
        template = next(pathlib.Path(folder, 'templates').glob('rrtemplate-GALAXY-*.fits'))

        def fit(*options):
            start = time.perf_counter()
            subprocess.run([args.zspex, 'redshift', '--quiet', '-i', *coadds, '-t', str(template), '-o', folder + '/z.fits',
                            *options], check=True)
            with fits.open(folder + '/z.fits') as file:
                return np.array(file['REDSHIFTS'].data), time.perf_counter() - start

        truth = np.concatenate([fits.getdata(path, 'TRUTH') for path in sorted(pathlib.Path(folder).glob('truth-*.fits'))])
        fine, seconds = fit('--zscan-galaxy=-0.005,1.7,%g' % args.step)
        print('%d galaxies; steps of %g: %.1f s' % (len(fine), args.step, seconds))
        for name, options in (('reference', ()), ('adaptive', ('--refine', 'adaptive'))):
            found, seconds = fit(*options)
            order = [list(found['TARGETID']).index(target) for target in fine['TARGETID']]
            found = found[order]
            apart = np.abs(found['Z'] - fine['Z']) / (1 + fine['Z']) * KM_S
            higher = found['CHI2'] - fine['CHI2']
            missed = apart > 1000
            true_z = dict(zip(truth['TARGETID'], truth['Z']))
            right = [abs(row['Z'] - true_z[row['TARGETID']]) / (1 + true_z[row['TARGETID']]) * KM_S < 1000 for row in found]
            print('--refine %-9s %5.1f s  missed %d minima (%.1f %%), chi2 up to %.1f higher; right redshift %.3f'
                  % (name, seconds, missed.sum(), 100 * missed.mean(), higher[missed].max(initial=0), np.mean(right)))


if __name__ == '__main__':
    main()
