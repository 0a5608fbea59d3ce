"""What a point's run has left in its folder, as columns of results.csv: times, ranks, memory, predictions, and its answer."""
import csv
import hashlib
import os
import re

import h5py
import numpy as np
import yaml

import study

COLUMN_OF_STEP = {'wait for slices': 'wait', 'wait for ranks': 'wait', 'share image': 'share', 'wait for input': 'read',
                  'deal again': 'deal'}
MAX_DCHI2, MAX_DZ, MAX_PULL = 1e-9, 1e-7, 1e-3  # what a GPU's rounding may change, as benchmarks/strategies.py has it


def number(value):
    return '%.6g' % value


def listed(values):
    return ' '.join(number(value) for value in values)


def machine_name():
    """This node's processor, and what it has of them and of memory, as Linux says."""
    with open('/proc/cpuinfo') as file:
        model = re.search(r'^model name\s*: *(.*?)(?: @.*)?$', file.read(), re.MULTILINE)
    gib = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    return '%s, %d processors, %.0f GiB' % (model[1].strip() if model else 'unknown processor', os.cpu_count(), gib)


def read_ran(folder):
    """Exit status and wall seconds; (None, '') of a launcher that left neither."""
    try:
        with open(os.path.join(folder, 'ran')) as file:
            status, wall = file.read().split()
        return int(status), wall
    except (OSError, ValueError):
        return None, ''


def why_failed(status, text, limit):
    """(status, reason) of a run that ended with another exit status than 0."""
    said = [line.split('zspex: ', 1)[1] for line in text.splitlines() if 'zspex: ' in line]
    lines = [line for line in text.splitlines() if line.strip(' -')]
    words = next(iter(said + [line for line in lines if 'error' in line.lower()] + lines), 'no message')
    words = ' '.join(words.split())[:500]
    if status == 124 or 'DUE TO TIME LIMIT' in text:
        return 'timeout', 'expected an end within %d s, found none. Raise time_limit, or take fewer targets.' % limit
    if status == 8 or status == 137 or 'out of memory' in text.lower() or 'oom-kill' in text.lower():
        return 'memory', words
    if status == 2:
        return 'refused', words
    return 'failed', 'exit status %s: %s' % (status, words)


def read_results(folder, job, outputs):
    """Columns of a run that has ended well, and the arrays that are its answer."""
    row, answer, steps, memory = {}, {}, {}, 0
    for i, name in enumerate(outputs):
        with h5py.File(os.path.join(folder, name)) as file:
            for line in file['timing'][()]:
                step = line['step'].decode()
                steps[step] = steps.get(step, 0) + float(line['max_seconds' if job == 'redshift' else 'median_seconds'])
                memory = max(memory, float(line['peak_memory']) / 2**20)
            if job == 'redshift':
                ranks = file['ranks'][()]
                table = file['redshifts'][()]  # without h5py's metadata, which NumPy's files can't hold
                answer.update({name: table[name].astype(table[name].dtype.str) for name in table.dtype.names})
                if 'strategies' in file:
                    row.update(chosen_prediction(file['strategies'][()]))
            else:
                frame = next(iter(file['frames'].values()))
                answer.update({'%s %d' % (name, i): frame[name][()] for name in ('flux', 'ivar', 'mask')})
            provenance = {key: value.decode() if isinstance(value, bytes) else value for key, value in file['provenance'].attrs.items()}
    for step, seconds in steps.items():
        column = COLUMN_OF_STEP.get(step, step)
        if column in study.STEPS:  # others, as the whole, are for another reader
            row[column] = number(float(row.get(column, 0)) + seconds)
    row.update({key: provenance[key] for key in ('started', 'host', 'gpus', 'version', 'revision', 'kokkos', 'mpi', 'layout')})
    row['memory_max'] = number(memory)
    if job == 'redshift':
        # Of the average rank, whose parts add up; idle is what it waited.
        row.update({step: number(ranks[step].mean()) for step in ('rebin', 'scan', 'refine')}, wait=number(max(0, ranks['idle'].mean() - float(row.get('deal', 0)))))
        row['fit'] = number((ranks['busy'] + ranks['idle']).max())
        row['idle_max'], row['busy_max'] = number(ranks['idle'].max()), number(ranks['busy'].max())
        row['idle_by_rank'], row['busy_by_rank'] = listed(ranks['idle']), listed(ranks['busy'])
        row['gpu_by_rank'] = listed(ranks['on_gpu'])
        row['memory_max'] = number(ranks['memory_peak'].max())
        row['memory_by_rank'], row['planned_by_rank'] = listed(ranks['memory_peak']), listed(ranks['memory_planned'])
        row['memory_budget'] = number(1024 * yaml.safe_load(provenance['config'])['redshift']['memory'])
    else:  # groups of ranks work beside each other
        seconds = {}
        with open(os.path.join(folder, 'report.csv'), newline='') as file:
            for line in csv.DictReader(file):
                seconds[line['group']] = seconds.get(line['group'], 0) + float(line['seconds'])
        row['fit'] = number(max(seconds.values()))
    row['answer'] = digest(answer)
    return row, answer


def digest(answer):
    found = hashlib.sha256()
    for name in sorted(answer):
        found.update(name.encode() + np.ascontiguousarray(answer[name]).tobytes())
    return found.hexdigest()[:16]


def disagreement(answer, reference):
    """Where rounding may differ, as with GPUs: the first array that differs by more, or ''."""
    for name, first in reference.items():
        found = answer.get(name)
        kind = name.split()[0]
        if found is None or found.shape != first.shape:
            return name
        if kind == 'flux':
            same = np.abs(found - first) * np.sqrt(reference[name.replace('flux', 'ivar')]) < MAX_PULL
        elif kind in ('CHI2', 'MODEL_CHI2'):
            same = np.abs(found - first) <= MAX_DCHI2 * np.maximum(np.abs(first), 1)
        elif kind == 'Z':
            same = np.abs(found - first) <= MAX_DZ * (1 + np.abs(first))
        else:
            same = found == first if first.dtype.kind != 'f' else True
        if not np.all(same):
            return name
    return ''


def chosen_prediction(table):
    """Of /strategies, which runs with AUTO have."""
    one = table[table['chosen'] == 1][0]
    row = {'predicted_' + key: number(one[key]) for key in ('rebin', 'scan', 'transfer', 'refine')}
    row.update(predicted=number(one['total']), predicted_node=number(one['node'] / 1024), predicted_gpu=number(one['gpu'] / 1024),
               predicted_from='strategies')
    return row


def planned(path, strategy, source):
    """Columns of a strategy's row in the table that --plan-table writes. None where the table isn't there, or the strategy can't run."""
    if not os.path.exists(path):
        return {}
    with open(path, newline='') as file:
        rows = [row for row in csv.DictReader(file) if row['strategy'] == strategy and row['total']]
    if not rows:
        return {}
    row = {'predicted_' + key: rows[0][key] for key in ('rebin', 'scan', 'transfer', 'refine')}
    gpu = rows[0]['gpu_gib'] if float(rows[0]['gpu_gib']) > 0 else ''
    return {**row, 'predicted': rows[0]['total'], 'predicted_node': rows[0]['node_gib'], 'predicted_gpu': gpu, 'predicted_from': source}


def machine_of(path, nodes, ranks):
    """The text of a machine's file, with so many nodes and ranks."""
    with open(path) as file:
        machine = yaml.safe_load(file)
    machine['machine'].update(nodes=nodes, ranks=ranks)
    return yaml.safe_dump(machine)
