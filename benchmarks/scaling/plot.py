#!/usr/bin/env python3
"""plot.py [--output FOLDER] [--title TEXT] [--only-png] RESULTS.csv...: pictures of a scaling study, and a page that holds them.

Of each set of points, where it has what they show: time against ranks, speed-up and efficiency, phases, busy and idle time by rank,
memory by rank. FOLDER (default: that of the first file) gets KIND-SET.png and .svg, and index.html, which needs no other file.
Marks are measured, dashed lines are the model's. Of repeats the fastest is shown; a point that failed stands in the table with its reason.
Needs Matplotlib. docs/scaling.md tells how to read them."""
import argparse
import base64
import collections
import html
import io
import os
import re
import sys

import study
from compare import PANEL, best, describe, failures, label, panels, phases, read, series, speedups

SERIES = {  # Okabe and Ito's colors, which everybody tells apart, and a mark for print in black and white
    'CPU': ('#000000', 'o'), 'GPU_V1': ('#E69F00', 's'), 'GPU_V2': ('#56B4E9', '^'), 'GPU_V3': ('#009E73', 'D'),
    'GPU_V4': ('#CC79A7', 'v'), 'GPU_V5': ('#0072B2', 'P'), 'GPU_V6': ('#D55E00', 'X'), 'AUTO': ('#777777', '*'), '': ('#000000', 'o')}
PHASES = {'rebin': ('#56B4E9', ''), 'scan': ('#0072B2', ''), 'refine': ('#009E73', ''), 'deal': ('#F0E442', ''), 'extract': ('#0072B2', ''), 'share': ('#56B4E9', ''),
          'wait': ('#E69F00', '///'), 'gather': ('#CC79A7', ''), 'rest': ('#CCCCCC', '')}


# Pictures

def start_matplotlib():
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    plt.rcParams.update({
        'font.size': 9, 'axes.titlesize': 9.5, 'axes.titlelocation': 'left', 'axes.titleweight': 'bold', 'legend.frameon': False,
        'legend.fontsize': 8.5, 'axes.spines.top': False, 'axes.spines.right': False, 'axes.grid': True, 'grid.color': '#dddddd',
        'grid.linewidth': 0.6, 'axes.axisbelow': True, 'savefig.dpi': 150, 'svg.hashsalt': 'zspex', 'hatch.linewidth': 0.6})
    return plt


def style(name):
    strategy, _, era = name.partition(', ')
    color, mark = SERIES.get(strategy, ('#000000', 'o'))
    return dict(color=color, marker=mark, ms=6, lw=1.3, mfc='white' if era else color, mew=1.2)


def rank_axis(axes, lines):
    ranks = sorted({row['total_ranks'] for line in lines.values() for row in line})
    axes.set_xscale('log', base=2)
    axes.set_xticks(ranks, [str(n) for n in ranks])
    axes.minorticks_off()
    axes.set_xlabel('ranks')


def plain_log(axes, values):
    """A logarithmic axis with numbers that people read."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
    axes.set_yscale('log')
    low, high = min(values), max(values)
    if high < 3 * low:  # room for three numbers
        low, high = (low * high)**0.5 / 3**0.5, (low * high)**0.5 * 3**0.5
    ticks = [step * 10.0**power for power in range(-4, 8) for step in (1, 2, 5)]
    if high / low < 5:
        ticks = [step * 10.0**power for power in range(-4, 8) for step in (1, 1.5, 2, 3, 5, 7)]
    elif high / low > 200:
        ticks = [10.0**power for power in range(-4, 8)]
    axes.set_ylim(low / 1.3, high * 1.3)
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: '%g' % value))


def legend_below(figure, axes, more=()):
    handles, names = [], []
    for one in axes:
        for handle, name in zip(*one.get_legend_handles_labels()):
            if name not in names:
                handles.append(handle)
                names.append(name)
    handles, names = handles + [handle for handle, _ in more], names + [name for _, name in more]
    ncols = max(1, min(len(names), int(figure.get_figwidth() / (0.6 + 0.085 * max(map(len, names))))))
    figure.legend(handles, names, loc='outside lower center', ncols=ncols)


def grid_of(plt, count, width=3.6, height=2.9, most=3, extra=0.5, **more):
    ncols = min(count, most)
    nrows = -(-count // ncols)
    figure, axes = plt.subplots(nrows, ncols, figsize=(max(width * ncols, 4.6), height * nrows + extra), layout='constrained', squeeze=False, **more)
    for one in axes.flat[count:]:
        one.set_visible(False)
    return figure, list(axes.flat[:count])


def varied(rows):
    """Panels in which the ranks differ."""
    return [panel for panel in panels(rows) if len({row['total_ranks'] for row in panel}) > 1]


def draw_time(plt, rows, failed):
    shown = varied(rows)
    if not shown:
        return None
    from matplotlib.lines import Line2D
    figure, axes = grid_of(plt, len(shown), 4.8, 3.6, 2, 0.8)
    modelled = crossed = False
    for one, panel in zip(axes, shown):
        lines, values = series(panel), []
        for name, line in lines.items():
            look = style(name)
            one.plot([row['total_ranks'] for row in line], [row['fit'] for row in line], label=name, **look)
            values += [row['fit'] for row in line]
            guesses = [(row['total_ranks'], row['predicted']) for row in line if row['predicted']]
            if guesses:
                modelled = True
                one.plot(*zip(*guesses), color=look['color'], lw=1.1, ls=(0, (4, 2)))
                values += [guess for _, guess in guesses]
        if panel[0]['scaling'] == 'strong':
            first = min((line[0] for line in lines.values()), key=lambda row: (row['total_ranks'], row['fit']))
            ranks = sorted({row['total_ranks'] for row in panel})
            one.plot(ranks, [first['fit'] * first['total_ranks'] / n for n in ranks], color='#999999', lw=0.9, ls=':', zorder=1)
            values.append(first['fit'] * first['total_ranks'] / ranks[-1])
        rank_axis(one, lines)
        plain_log(one, values)
        keys = [key for key in PANEL if panel[0]['scaling'] != 'weak' or key not in ('targets', 'frames')]
        fallen = [row for row in failed if all(row[key] == panel[0][key] for key in keys)]
        for i, name in enumerate(collections.OrderedDict((label(row), 0) for row in fallen)):  # on the axis, one above the other
            crossed = True
            ranks = [row['total_ranks'] for row in fallen if label(row) == name]
            one.plot(ranks, [0.03 + 0.05 * i] * len(ranks), ls='', marker='x', ms=6, mew=1.6, color=style(name)['color'],
                     transform=one.get_xaxis_transform())
        one.set_ylabel('seconds of the fit' if panel[0]['job'] == 'redshift' else 'seconds of the extraction')
        one.set_title(('Weak scaling: ' if panel[0]['scaling'] == 'weak' else '') + describe(panel[0]))
    more = [(Line2D([], [], color='#666666', lw=1.1, ls=(0, (4, 2))), 'modelled')] if modelled else []
    if any(panel[0]['scaling'] == 'strong' for panel in shown):
        more.append((Line2D([], [], color='#999999', lw=0.9, ls=':'), 'ideal'))
    if crossed:
        more.append((Line2D([], [], color='#666666', ls='', marker='x', mew=1.6), 'no result'))
    legend_below(figure, axes, more)
    return figure


def draw_speedup(plt, rows):
    shown = varied(rows)
    if not shown:
        return None
    figure, axes = plt.subplots(len(shown), 2, figsize=(8.4, 3.3 * len(shown) + 0.7), layout='constrained', squeeze=False)
    for (left, right), panel in zip(axes, shown):
        lines = series(panel)
        most = max(row['total_ranks'] / line[0]['total_ranks'] for line in lines.values() for row in line)
        for name, line in lines.items():
            ranks, gains, efficiencies = zip(*speedups(line))
            left.plot(ranks, gains, label=name, **style(name))
            right.plot(ranks, efficiencies, **style(name))
        ranks = sorted({row['total_ranks'] for row in panel})
        left.plot(ranks, [n / ranks[0] for n in ranks], color='#999999', lw=0.9, ls=':', zorder=1, label='ideal')
        right.axhline(1, color='#999999', lw=0.9, ls=':', zorder=1)
        log = most > 8
        rank_axis(left, lines)
        rank_axis(right, lines)
        if log:
            plain_log(left, [gain for line in lines.values() for _, gain, _ in speedups(line)] + [most])
        else:
            left.set_ylim(0, None)
        right.set_ylim(0, max(1.1, 1.05 * max(eff for line in lines.values() for _, _, eff in speedups(line))))
        left.set_ylabel('speed-up' if panel[0]['scaling'] == 'strong' else 'work per second, relative')
        right.set_ylabel('efficiency')
        left.set_title('Speed-up: ' + describe(panel[0]))
        right.set_title('Efficiency')
    legend_below(figure, [row[0] for row in axes])
    return figure


def draw_phases(plt, rows):
    shown = [panel for panel in panels(rows)]
    figure, axes = grid_of(plt, len(shown), 8.4 if max(map(len, shown)) > 6 else 4.4, 3.2, 1 if max(map(len, shown)) > 6 else 2, 0.7)
    for one, panel in zip(axes, shown):
        lines, x, ticks, groups = series(panel), 0.0, [], []
        for name, line in lines.items():
            begin = x
            for row in line:
                bottom = 0
                for phase, seconds in phases(row).items():
                    color, hatch = PHASES[phase]
                    one.bar(x, seconds, 0.8, bottom, color=color, hatch=hatch, edgecolor='white', lw=0.4, label=phase)
                    bottom += seconds
                ticks.append((x, str(row['total_ranks'])))
                x += 1
            groups.append(((begin + x - 1) / 2, name))
            x += 0.6
        one.set_xticks(*zip(*ticks))
        middle = (ticks[0][0] + ticks[-1][0]) / 2
        half = max((ticks[-1][0] - ticks[0][0]) / 2 + 0.6, 3)
        one.set_xlim(middle - half, middle + half)
        one.tick_params(axis='x', length=0)
        for middle, name in groups:
            one.annotate(name, (middle, 0), (0, -17), xycoords=('data', 'axes fraction'), textcoords='offset points', ha='center', va='top',
                         fontsize=8.5)
        one.set_xlabel('ranks, by strategy' if panel[0]['job'] == 'redshift' else 'ranks', labelpad=17)
        one.grid(axis='x', visible=False)
        one.set_ylabel('seconds, average rank')
        one.set_title(describe(panel[0]))
    legend_below(figure, axes)
    return figure


def by_rank(rows):
    """Of each strategy and work the points with most ranks, of which there is more than one."""
    chosen = []
    for panel in panels(rows):
        for line in series(panel).values():
            if len(line[-1]['idle_by_rank']) > 1:
                chosen.append(line[-1])
    return chosen


def draw_ranks(plt, rows):
    shown = by_rank(rows)
    if not shown:
        return None
    figure, axes = grid_of(plt, len(shown), 2.15 if len(shown) > 2 else 3.2, 2.5, 4, 0.6)
    top = max(max(busy + idle for busy, idle in zip(row['busy_by_rank'], row['idle_by_rank'])) for row in shown)
    for i, (one, row) in enumerate(zip(axes, shown)):
        ranks, busy, idle = range(len(row['idle_by_rank'])), row['busy_by_rank'], row['idle_by_rank']
        width = 0.8 if len(busy) <= 32 else 1
        colors = ['#D55E00' if gpu else '#0072B2' for gpu in row['gpu_by_rank']]
        one.bar(ranks, busy, width, color=colors)
        if len(busy) <= 32:
            one.bar(ranks, idle, width, busy, color='#ffffff', hatch='////', edgecolor='#999999', lw=0.5)
        else:
            one.bar(ranks, idle, width, busy, color='#dddddd')
        if len(busy) <= 8:
            one.set_xticks(list(ranks))
        one.set_ylim(0, 1.05 * top)
        one.grid(axis='x', visible=False)
        one.set_title('%s\n%d ranks%s' % (label(row), len(busy), ', slowed' if row['slowdown'] else ''))
        one.set_xlabel('rank')
        if i % 4 == 0:
            one.set_ylabel('seconds')
    from matplotlib.patches import Patch
    more = [(Patch(color='#0072B2'), 'busy'), (Patch(color='#D55E00'), 'busy, in a GPU\'s place or on one'),
            (Patch(fc='#eeeeee', ec='#999999', hatch='////'), 'idle')]
    legend_below(figure, [], more)
    return figure


def draw_memory(plt, rows):
    rows = [row for row in rows if row['memory_by_rank'] or row['memory_max']]
    shown = panels(rows)
    if not shown:
        return None
    figure, axes = grid_of(plt, len(shown), 4.8, 3.4, 2, 0.7)
    from matplotlib.lines import Line2D
    budgeted = False
    for one, panel in zip(axes, shown):
        lines, values = series(panel), []
        for i, (name, line) in enumerate(lines.items()):
            look = style(name)
            for row in line:
                peaks = row['memory_by_rank'] or [row['memory_max']]
                if len(peaks) > 8:  # a line between two marks
                    peaks = [min(peaks), max(peaks)]
                x = row['total_ranks'] * 2**(0.07 * (i - (len(lines) - 1) / 2))
                one.plot([x] * len(peaks), peaks, ls='-', lw=0.8, color=look['color'], marker=look['marker'], ms=4.5, mfc=look['mfc'],
                         label=name)
                values += peaks
                if row['planned_by_rank']:
                    values.append(max(row['planned_by_rank']))
                    one.plot([x / 1.03, x * 1.03], [max(row['planned_by_rank'])] * 2, color=look['color'], lw=1.4, ls='-')
        budgets = {row['memory_budget'] for row in panel if row['memory_budget']}
        for budget in budgets:
            budgeted = True
            one.axhline(budget, color='#444444', lw=1.0, ls=(0, (1, 1)))
            values.append(budget)
        rank_axis(one, lines)
        ranks = [row['total_ranks'] for row in panel]
        one.set_xlim(min(ranks) / 1.4, max(ranks) * 1.4)
        plain_log(one, values)
        one.set_ylabel('MiB of a rank')
        one.set_title(describe(panel[0]))
    more = [(Line2D([], [], color='#444444', lw=1.4), 'planned')] if any(row['planned_by_rank'] for row in rows) else []
    if budgeted:
        more.append((Line2D([], [], color='#444444', lw=1.0, ls=(0, (1, 1))), 'budget'))
    legend_below(figure, axes, more)
    return figure


DRAWN = {'time': (draw_time, 'Time against ranks', 'Marks are measured; dashed lines are the model\'s. A cross on the axis is a point without a result: the table has the reason.'),
         'speedup': (draw_speedup, 'Speed-up and efficiency', 'Against the fewest ranks of the same strategy.'),
         'phases': (draw_phases, 'Phases', 'Of the average rank, up to the wall time of the whole process; wait is for other ranks.'),
         'ranks': (draw_ranks, 'Busy and idle time by rank', 'Of each strategy the points with most ranks.'),
         'memory': (draw_memory, 'Memory by rank', 'A mark for each rank, or of many for the least and the largest, at what it held at most; a bar at what the plan gave the largest.')}


# The page

PAGE = '''<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%(title)s</title><style>
body { font: 15px/1.45 system-ui, sans-serif; color: #1f2328; margin: 2em auto; max-width: 72em; padding: 0 1em }
h1 { font-size: 1.6em } h2 { margin-top: 2em; border-bottom: 1px solid #ccc } figure { margin: 1em 0 } figcaption { color: #444 }
img { max-width: 100%%; height: auto } table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums }
td, th { padding: 2px 8px; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top } th { position: sticky; top: 0; background: #fff }
td.text, th.text { text-align: left } tr.failed { background: #fdf0e6 } .wide { overflow-x: auto }
@media print { body { max-width: none } th { position: static } figure { break-inside: avoid } }
</style></head><body><h1>%(title)s</h1>%(about)s%(figures)s<h2>All points</h2><div class="wide">%(table)s</div>
<p>Columns: docs/scaling.md. Seconds and MiB; memory is of the rank that has most.</p></body></html>
'''
TABLE = (('set', 1), ('job', 1), ('strategy', 1), ('era', 1), ('nodes', 0), ('ranks', 0), ('targets', 0), ('frames', 0), ('step', 0),
         ('slowdown', 1), ('repeat', 0), ('status', 1), ('wall', 0), ('fit', 0), ('idle_max', 0), ('memory_max', 0), ('predicted', 0),
         ('answer', 1), ('reason', 1))


def cell(value):
    if isinstance(value, float):
        return '%.3g' % value if value < 100 else '%.0f' % value
    return '' if value is None else str(value)


def table(rows):
    shown = [(key, text) for key, text in TABLE if any(row[key] not in ('', None) for row in rows)]
    lines = ['<tr>%s</tr>' % ''.join('<th%s>%s</th>' % (' class="text"' * text, key.replace('_', ' ')) for key, text in shown)]
    for row in rows:
        cells = ''.join('<td%s>%s</td>' % (' class="text"' * text, html.escape(cell(row[key]))) for key, text in shown)
        lines.append('<tr%s>%s</tr>' % ('' if row['status'] == 'done' else ' class="failed"', cells))
    return '<table>%s</table>' % ''.join(lines)


def about(rows):
    """Who made this, and where: what all rows share, or all that they have."""
    parts = []
    for key, what in (('version', 'zspex'), ('revision', 'revision'), ('kokkos', ''), ('mpi', ''), ('host', 'on'), ('machine', ''), ('gpus', 'GPUs'), ('data', 'data:')):
        values = sorted({row[key] for row in rows if row[key]})
        if values:
            parts.append('%s %s' % (what, ' and '.join(values)))
    times = sorted(row['started'] for row in rows if row['started'])
    if times:
        parts.append('%s to %s' % (times[0], times[-1]))
    failed = failures(rows)
    counts = '%d points done, %d failed.' % (len(rows) - len(failed), len(failed))
    return '<p>%s.<br>%s</p>' % (html.escape('; '.join(part.strip() for part in parts)), counts)


def slug(text):
    return re.sub(r'[^a-z0-9]+', '-', text.lower()).strip('-')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('results', nargs='+', metavar='RESULTS.csv')
    parser.add_argument('--output', help='folder of the pictures and the page')
    parser.add_argument('--title', default='')
    parser.add_argument('--only-png', action='store_true', help='no SVG, no page')
    args = parser.parse_args()
    folder = args.output or os.path.dirname(os.path.abspath(args.results[0]))
    os.makedirs(folder, exist_ok=True)
    rows = read(args.results)
    if not rows:
        sys.exit('plot.py: expected points, found none in %s. Run the study first.' % ', '.join(args.results))
    plt, figures = start_matplotlib(), []
    for name in collections.OrderedDict((row['set'], 0) for row in rows):
        points, failed = best([row for row in rows if row['set'] == name]), [row for row in failures(rows) if row['set'] == name]
        if not points:
            continue
        figures.append('<h2>%s</h2>' % html.escape((name or 'Points')[0].upper() + (name or 'Points')[1:]))
        for kind, (draw, title, caption) in DRAWN.items():
            figure = draw(plt, points, failed) if draw is draw_time else draw(plt, points)
            if figure is None:
                continue
            path = os.path.join(folder, '-'.join(word for word in (kind, slug(name)) if word))
            figure.savefig(path + '.png')
            if not args.only_png:
                image = io.BytesIO()
                figure.savefig(image, format='svg', metadata={'Date': None})
                with open(path + '.svg', 'wb') as file:
                    file.write(image.getvalue())
                figures.append('<figure><img alt="%s" src="data:image/svg+xml;base64,%s"><figcaption><b>%s.</b> %s</figcaption></figure>'
                               % (html.escape(title), base64.b64encode(image.getvalue()).decode(), title, caption))
            plt.close(figure)
    if not args.only_png:
        page = os.path.join(folder, 'index.html')
        title = args.title or 'A scaling study of zspex: %s' % os.path.basename(os.path.abspath(folder)).replace('scaling-', '')
        with open(page, 'w') as file:
            file.write(PAGE % dict(title=html.escape(title), about=about(rows), figures=''.join(figures), table=table(rows)))
        print('pictures and page: %s' % page)


if __name__ == '__main__':
    try:
        main()
    except study.StudyError as error:
        sys.exit('plot.py: %s' % error)
