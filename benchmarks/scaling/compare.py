"""The rows of results.csv as what pictures show: which can be compared, the fastest repeats, speed-up, phases. Needs PyYAML alone."""
import collections

import study

PANEL = ('job', 'targets', 'frames', 'step', 'slowdown', 'options', 'data', 'scaling')  # what all points of a panel share


def read(paths):
    """Rows of several files; numbers as numbers, lists as lists, '' as None."""
    rows = []
    for path in paths:
        for row in study.read_rows(path):
            row = dict(row)
            for key in ('nodes', 'ranks', 'total_ranks', 'repeat'):
                row[key] = int(row[key])
            for key in ('wall', 'fit', *study.STEPS, 'idle_max', 'busy_max', 'memory_max', 'memory_budget', 'predicted', 'predicted_rebin',
                        'predicted_scan', 'predicted_transfer', 'predicted_refine', 'predicted_node', 'predicted_gpu'):
                row[key] = float(row[key]) if row[key] else None
            for key in ('idle_by_rank', 'busy_by_rank', 'gpu_by_rank', 'memory_by_rank', 'planned_by_rank'):
                row[key] = [float(word) for word in row[key].split()]
            rows.append(row)
    return rows


def best(rows):
    """Of the repeats of a point the fastest that is done; of its predictions the median, as each repeat measures anew."""
    points = collections.OrderedDict()
    for row in rows:
        points.setdefault(tuple(row[key] for key in study.POINT if key != 'repeat'), []).append(row)
    chosen = []
    for repeats in points.values():
        done = [row for row in repeats if row['status'] == 'done']
        if not done:
            continue
        row = dict(min(done, key=lambda one: one['fit']))
        guesses = sorted(one['predicted'] for one in done if one['predicted'] is not None)
        row['predicted'] = guesses[len(guesses) // 2] if guesses else None
        chosen.append(row)
    return chosen


def failures(rows):
    return [row for row in rows if row['status'] != 'done']


def label(row):
    name = row['strategy'] or row['job']
    return name if row['era'] == 'today' else '%s, %s' % (name, row['era'])


def panels(rows):
    """Points that can be compared, by what they share: strong scaling by their work, weak scaling together."""
    found = collections.OrderedDict()
    for row in rows:
        found.setdefault(tuple('' if row['scaling'] == 'weak' and key in ('targets', 'frames') else row[key] for key in PANEL), []).append(row)
    return list(found.values())


def series(rows):
    """Lines of a panel: label to rows by growing ranks, the fastest where nodes and ranks make the same number."""
    lines = collections.OrderedDict()
    for row in rows:
        line = lines.setdefault(label(row), {})
        known = line.get(row['total_ranks'])
        if known is None or row['fit'] < known['fit']:
            line[row['total_ranks']] = row
    return {name: [line[ranks] for ranks in sorted(line)] for name, line in lines.items()}


def speedups(line):
    """[(ranks, speed-up, efficiency)] of a line, against its fewest ranks; with weak scaling work per time."""
    first, points = line[0], []
    for row in line:
        gain = first['fit'] / row['fit']
        if row['scaling'] == 'weak':
            gain *= work(row) / work(first)
        points.append((row['total_ranks'], gain, gain * first['total_ranks'] / row['total_ranks']))
    return points


def work(row):
    return float(row['targets'] or row['frames'])


def phases(row):
    """Seconds by phase that together are the whole process: rest is what is none of them, as starting and writing."""
    names = ('rebin', 'scan', 'deal', 'refine', 'wait', 'gather') if row['job'] == 'redshift' else ('share', 'extract', 'wait', 'gather')
    found = {name: row[name] or 0 for name in names}
    found['rest'] = max(0, row['wall'] - sum(found.values()))
    return found


def describe(row):
    """What the points of a panel share, for its title."""
    if row['scaling'] == 'weak':
        each = work(row) / row['total_ranks']
        words = ['%.3g %s per rank' % (each, 'targets' if row['targets'] else 'frames')]
    else:
        size = 'targets' if row['targets'] else 'frames'
        words = ['%s %s' % ({'0': 'all'}.get(row[size], row[size]), size if row[size] != '1' else size[:-1])]
    if row['step']:
        words.append('step %s' % row['step'])
    if row['slowdown']:
        words.append('ranks slowed %s' % row['slowdown'].replace(',', ', '))
    return ', '.join(words)
