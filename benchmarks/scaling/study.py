#!/usr/bin/env python3
"""What a scaling study consists of: STUDY.yaml becomes points, and the points that are done are rows of results.csv.

  study.py name STUDY.yaml              print its name
  study.py points STUDY.yaml            print the points, one a line
  study.py data STUDY.yaml FOLDER       print the commands of zspex simulate that make the study's data in FOLDER/data
  study.py left STUDY.yaml FOLDER       write FOLDER/points.json, the points without a row yet [--retry-failed]
  study.py status STUDY.yaml FOLDER     say how it went; exit status 0: all done, 7: some failed, else that of the first

docs/scaling.md describes STUDY.yaml and the columns. Needs PyYAML, and for data of the user's own nothing else.
"""
import csv
import hashlib
import io
import itertools
import json
import os
import re
import shlex
import sys

import yaml

# What makes a point, in the order of the columns. Two rows of equal values are the same point.
POINT = ('set', 'job', 'strategy', 'era', 'nodes', 'ranks', 'targets', 'frames', 'step', 'slowdown', 'options', 'data', 'repeat')
STEPS = ('start', 'plan', 'read', 'rebin', 'scan', 'wait', 'deal', 'refine', 'gather', 'write', 'extract', 'share')
COLUMNS = POINT + (
    'scaling', 'total_ranks', 'status', 'exit_status', 'reason', 'answer', 'wall', 'fit', *STEPS, 'idle_max', 'busy_max', 'idle_by_rank',
    'busy_by_rank', 'gpu_by_rank', 'memory_max', 'memory_by_rank', 'planned_by_rank', 'memory_budget', 'predicted', 'predicted_rebin',
    'predicted_scan', 'predicted_transfer', 'predicted_refine', 'predicted_node', 'predicted_gpu', 'predicted_from', 'started', 'host',
    'machine', 'gpus', 'version', 'revision', 'kokkos', 'mpi', 'layout')
DEFAULTS = {'set': '', 'job': 'redshift', 'strategy': 'CPU', 'era': 'today', 'nodes': 1, 'ranks': 1, 'targets': 20, 'frames': 1,
            'step': '', 'slowdown': '', 'options': ''}
STRATEGIES = ['CPU', 'GPU_V1', 'GPU_V2', 'GPU_V3', 'GPU_V4', 'GPU_V5', 'GPU_V6', 'AUTO']
STUDY = {'name': '', 'time_limit': 600, 'repeats': 1, 'predict': 'measured', 'data': {}, 'points': None}
DATA = {'seed': 1, 'fibers': 50, 'wavelength': [5760, 6100, 0.8], 'coadds': None, 'templates': None, 'frames': None, 'psf': None}
SOME_FAILED = 7  # zspex's exit status of this kind


class StudyError(Exception):
    """What was expected, what was found, what to do."""


def numbers(text):
    """'4..64 x2' is 4, 8, ... 64; '1..4' is 1, 2, 3, 4. None of another text."""
    found = re.fullmatch(r'(\d+)\.\.(\d+)(?: *x *(\d+))?', text.strip())
    if not found:
        return None
    value, last, factor = int(found[1]), int(found[2]), int(found[3] or 1)
    values = []
    while value <= last and value > 0:
        values.append(value)
        value = value * factor if factor > 1 else value + 1
    return values or None


def values_of(key, value):
    """The values that a key of a set stands for: one, a list, or a short range."""
    if key == 'slowdown':  # a value is itself a list, a number for each rank
        several = value if isinstance(value, list) and any(isinstance(one, (list, str)) for one in value) else [value]
        return [','.join('%g' % x for x in one) if isinstance(one, list) else str(one) for one in several]
    values = []
    for one in value if isinstance(value, list) else [value]:
        expanded = None
        if isinstance(one, str) and '..' in one:
            expanded = numbers(one)
            names = one.split('..')
            if expanded is None and key == 'strategy' and all(name in STRATEGIES for name in names) and len(names) == 2:
                expanded = STRATEGIES[STRATEGIES.index(names[0]):STRATEGIES.index(names[1]) + 1]
            if not expanded:
                raise StudyError('%s: expected a range like 1..4, 4..64 x2 or GPU_V1..GPU_V6, found %s.' % (key, one))
        values += expanded or [one]
    return values


def check_keys(what, found, known):
    if not isinstance(found, dict):
        raise StudyError('%s: expected keys with values, found %r.' % (what, found))
    for key in found:
        if key not in known:
            raise StudyError('%s: expected one of %s, found %s.' % (what, ', '.join(known), key))


def whole(what, value, least=1):
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise StudyError('%s: expected a whole number from %d on, found %r.' % (what, least, value))
    return value


def read_study(path):
    """A checked study, all of its defaults filled in."""
    try:
        with open(path) as file:
            found = yaml.safe_load(file)
    except (OSError, yaml.YAMLError) as error:
        raise StudyError('%s: expected a study in YAML, found: %s' % (path, error)) from error
    check_keys(path, found or {}, STUDY)
    study = dict(STUDY, **(found or {}))
    check_keys(path + ': data', study['data'], DATA)
    study['data'] = dict(DATA, **study['data'])
    study['name'] = study['name'] or os.path.splitext(os.path.basename(path))[0]
    if not re.fullmatch(r'[\w.-]+', str(study['name'])):
        raise StudyError('%s: name: expected letters, digits, . _ and -, found %s.' % (path, study['name']))
    whole(path + ': time_limit', study['time_limit'])
    whole(path + ': repeats', study['repeats'])
    if (study['data']['coadds'] is None) != (study['data']['templates'] is None):
        raise StudyError('%s: data: expected coadds and templates, found one of them. Name both, or none for simulated ones.' % path)
    if (study['data']['frames'] is None) != (study['data']['psf'] is None):
        raise StudyError('%s: data: expected frames and psf, found one of them. Name both, or none for simulated ones.' % path)
    if not isinstance(study['points'], list) or not study['points']:
        raise StudyError('%s: points: expected a list of sets of points, found %r.' % (path, study['points']))
    for key in ('coadds', 'templates', 'frames', 'psf'):  # names are relative to the folder where zspex is started, as in its own files
        if study['data'][key] is not None:
            study['data'][key] = [os.path.abspath(name) for name in as_list(study['data'][key])]
            for name in study['data'][key]:
                if not os.path.exists(name):
                    raise StudyError('%s: data: %s: expected a file or folder, there is no %s.' % (path, key, name))
    if study['predict'] not in ('measured', 'none'):
        machine = str(study['predict'])  # from here, or beside the study
        places = [os.path.abspath(machine), os.path.join(os.path.dirname(os.path.abspath(path)), machine)]
        study['predict'] = next((place for place in places if os.path.isfile(place)), None)
        if study['predict'] is None:
            raise StudyError("%s: predict: expected measured, none or a machine's file, there is no %s." % (path, ' and no '.join(places)))
    study['path'] = path
    return study


def expand(study):
    """All points of a study, in its order; all repeats of the first, then of the next set."""
    points, seen = [], set()
    for i, one in enumerate(study['points']):
        what = '%s: points: set %d' % (study['path'], i + 1)
        check_keys(what, one, [*DEFAULTS, 'repeats'])
        keys = dict(DEFAULTS, **one)
        repeats = whole(what + ': repeats', keys.pop('repeats', study['repeats']))
        axes = {key: values_of(key, value) for key, value in keys.items()}
        for repeat in range(1, repeats + 1):
            for values in itertools.product(*axes.values()):
                point = complete(what, study, dict(zip(axes, values), repeat=repeat))
                if point_key(point) not in seen:
                    seen.add(point_key(point))
                    points.append(point)
    return points


def complete(what, study, point):
    """A point's checked values, and what follows from them."""
    if point['job'] not in ('extract', 'redshift'):
        raise StudyError('%s: job: expected extract or redshift, found %s.' % (what, point['job']))
    nodes, ranks = whole(what + ': nodes', point['nodes']), whole(what + ': ranks', point['ranks'])
    point['scaling'], size = 'strong', 'targets' if point['job'] == 'redshift' else 'frames'
    weak = re.fullmatch(r'(\d+) per (rank|node)', str(point[size]))
    if weak:  # the work grows with the machine
        point[size] = int(weak[1]) * nodes * (ranks if weak[2] == 'rank' else 1)
        point['scaling'] = 'weak'
    whole('%s: %s' % (what, size), point[size], 1 if study['data'][{'targets': 'coadds'}.get(size, size)] is None else 0)
    point['total_ranks'] = nodes * ranks
    data = study['data']
    if point['job'] == 'redshift':
        point['frames'] = ''
        point['step'] = '%g' % float(point['step']) if point['step'] != '' else ''
        if point['strategy'] not in STRATEGIES + ['CUSTOM']:
            raise StudyError('%s: strategy: expected one of %s, found %s.' % (what, ', '.join(STRATEGIES), point['strategy']))
        point['data'] = 'simulated, seed %d' % data['seed'] if data['coadds'] is None else digest(data['coadds'], data['templates'])
        if data['coadds'] is None and point['targets'] > 500 and point['targets'] % 500:
            raise StudyError('%s: targets: expected at most 500 or a multiple of it, as simulated files hold 500, found %d.'
                             % (what, point['targets']))
    else:
        point['targets'] = point['step'] = point['strategy'] = point['slowdown'] = ''
        point['data'] = ('simulated, seed %d, %d fibers, %s Angstrom' % (data['seed'], data['fibers'], join(data['wavelength'], ':'))
                         if data['frames'] is None else digest(data['frames'], data['psf']))
    point = {key: str(point[key]) for key in (*POINT, 'scaling', 'total_ranks')}
    return point


def join(values, separator=','):
    return separator.join('%g' % value if not isinstance(value, str) else value for value in values)


def as_list(value):
    return value if isinstance(value, list) else [value]


def digest(*files):
    """Names the user's own data: files by name and size."""
    text = ''.join('%s %d;' % (name, os.path.getsize(name) if os.path.isfile(name) else 0) for one in files for name in as_list(one))
    return '%s (%s)' % (os.path.basename(as_list(files[0])[0].rstrip('/')), hashlib.sha256(text.encode()).hexdigest()[:8])


def point_key(point):
    return tuple(point[key] for key in POINT)


def answer_key(point):
    """Points with the same answer: the same data and the same fits, whoever makes them."""
    return tuple(point[key] for key in ('job', 'targets', 'frames', 'step', 'options', 'data'))


def point_name(point):
    """Short, for people and for folders."""
    words = [point['job'], point['strategy'], point['era'].replace('today', ''), 'nodes%s' % point['nodes'], 'ranks%s' % point['ranks'],
             'targets%s' % point['targets'] if point['targets'] else 'frames%s' % point['frames'],
             point['step'] and 'step' + point['step'], point['slowdown'] and 'slow' + point['slowdown'].replace(',', '-'),
             'repeat%s' % point['repeat'], hashlib.sha256('|'.join(point_key(point)).encode()).hexdigest()[:6]]
    return '-'.join(word for word in words if word)


# Data

def data_commands(study, folder):
    """Arguments of zspex that make what the points need and isn't there: with --resume it keeps what is whole."""
    points, data, commands = expand(study), study['data'], []
    targets = [int(point['targets']) for point in points if point['job'] == 'redshift']
    frames = [int(point['frames']) for point in points if point['job'] == 'extract']
    common = ['--seed', str(data['seed']), '--resume', '--quiet', '--output']
    if targets and data['coadds'] is None:
        commands.append(['simulate', '--kind', 'coadds', '--ntargets', str(max(targets)), *common, os.path.join(folder, 'data', 'coadds')])
    if frames and data['frames'] is None:
        commands.append(['simulate', '--kind', 'exposures', '--cameras', 'r0', '--nspec', str(data['fibers']), '--nexp', str(max(frames)),
                         '--wave-r', join(data['wavelength']), *common, os.path.join(folder, 'data', 'frames')])
    return commands


def job_options(study, point, folder):
    """Arguments of zspex for one point, and the files that it writes, in the working folder."""
    data, options = study['data'], shlex.split(point['options'])
    if point['job'] == 'redshift':
        ntargets = int(point['targets'])
        if data['coadds'] is None:
            coadds = [os.path.join(folder, 'data', 'coadds', 'coadd-%d.fits' % i) for i in range(max(1, ntargets // 500))]
            templates = [os.path.join(folder, 'data', 'coadds', 'templates')]
        else:
            coadds, templates = data['coadds'], data['templates']
        if data['coadds'] is None and ntargets >= 500:
            ntargets = 0
        arguments = ['redshift', '--input', *coadds, '--templates', *templates, '--ntargets', str(ntargets), '--output', 'z.h5',
                     '--strategy', point['strategy']]
        if point['step']:
            arguments.append('--zscan-galaxy=-0.005,1.7,' + point['step'])
        if point['slowdown']:
            arguments += ['--slowdown', point['slowdown']]
        if point['era'] != 'today':
            arguments += ['--era', point['era']]
        return arguments + options, ['z.h5']
    if data['frames'] is None:
        frames = [os.path.join(folder, 'data', 'frames', 'preproc-r0-%08d.fits' % i) for i in range(1, int(point['frames']) + 1)]
        psf = [os.path.join(folder, 'data', 'frames', 'psf-r0.fits')]
        more = ['--nspec', str(data['fibers']), '--wavelength', join(data['wavelength'])]
    else:
        frames, psf, more = data['frames'][:int(point['frames']) or None], data['psf'], []
    outputs = ['frame-%d.h5' % i for i in range(len(frames))]
    return ['extract', '--input', *frames, '--psf', *psf, '--output', *outputs, '--report', 'report.csv', *more, *options], outputs


# Rows

def read_rows(path):
    """Rows of results.csv; the last one of each point. A line that was cut off, by a full disk, is not one."""
    if not os.path.exists(path):
        return []
    with open(path, newline='') as file:
        text = file.read()
    rows = list(csv.DictReader(text[:text.rfind('\n') + 1].splitlines()))
    if rows and tuple(rows[0]) != COLUMNS:
        raise StudyError('%s: expected the columns of docs/scaling.md, found others: %s. Name another folder, or move the file away.'
                         % (path, ', '.join(sorted(set(rows[0]) ^ set(COLUMNS), key=str)) or 'in another order'))
    return list({point_key(row): row for row in rows if None not in row.values()}.values())


def append_row(path, row):
    """One line in one write: an interrupt leaves all of it or nothing."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator='\n')
    if not os.path.exists(path) or os.path.getsize(path) == 0:
        writer.writeheader()
    else:
        with open(path, 'rb') as file:
            file.seek(-1, os.SEEK_END)
            if file.read() != b'\n':
                text.write('\n')  # ends a line that was cut off
    writer.writerow(row)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(handle, text.getvalue().encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def left(study, rows, retry_failed=False):
    done = {point_key(row) for row in rows if row['status'] == 'done' or not retry_failed}
    return [point for point in expand(study) if point_key(point) not in done]


def status(study, rows):
    """How many points are done, failed and left; and the exit status."""
    by_point = {point_key(row): row for row in rows}
    points = [by_point.get(point_key(point)) for point in expand(study)]
    failed = [row for row in points if row and row['status'] != 'done']
    done = [row for row in points if row and row['status'] == 'done']
    if not failed and len(done) == len(points):
        code = 0
    else:
        code = SOME_FAILED if done else int(failed[0]['exit_status'] or 1) or 1 if failed else 1
    return len(done), failed, len(points) - len(done) - len(failed), code


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in ('name', 'points', 'data', 'left', 'status'):
        print(__doc__, file=sys.stderr)
        return 2
    what, study = arguments[0], read_study(arguments[1])
    folder = os.path.abspath(arguments[2]) if len(arguments) > 2 else ''
    results = os.path.join(folder, 'results.csv')
    if what == 'name':
        print(study['name'])
    elif what == 'points':
        print('\n'.join(point_name(point) for point in expand(study)))
    elif what == 'data':
        print('\n'.join(shlex.join(command) for command in data_commands(study, folder)))
    elif what == 'left':
        points = left(study, read_rows(results), '--retry-failed' in arguments)
        with open(os.path.join(folder, 'points.json'), 'w') as file:
            json.dump({'study': study, 'points': points}, file, indent=1)
        print('%d %d' % (len(points), len(expand(study))))
    else:
        done, failed, missing, code = status(study, read_rows(results))
        for row in failed:
            print('%s: %s: %s' % (row['status'], point_name(row), row['reason']))
        print('%d points done, %d failed, %d not run' % (done, len(failed), missing))
        return code
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1:]))
    except StudyError as error:
        print('study.py: %s' % error, file=sys.stderr)
        sys.exit(2)
