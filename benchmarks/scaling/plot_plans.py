#!/usr/bin/env python3
"""plot_plans.py --output NAME [--part whole|scan] [--published FILE.csv] PLANS.csv...: a picture of what the model says, NAME.png and .svg.

PLANS.csv is what zspex redshift --dry-run --plan-table writes. A panel for each machine, era and number of nodes and targets: seconds
against ranks of a node, of the whole run, or of the scan (rebin, scan and transfer). All lines are modelled, and dashed as in a study's
pictures; a cross on the axis has no room or can't be used. Marks are what others have published (columns era, targets, strategy, ranks,
seconds, source). Needs Matplotlib. docs/scaling.md tells how to read it."""
import argparse
import collections
import csv
import os
import sys

import plot

PARTS = {'whole': ('whole',), 'scan': ('rebin', 'scan', 'transfer')}
PANEL = ('machine', 'era', 'nodes', 'targets')


def read(paths, parts):
    """Rows with numbers, and `seconds`: None where a strategy can't be used."""
    rows = []
    for path in paths:
        with open(path, newline='') as file:
            for row in csv.DictReader(file):
                missing = [key for key in (*PANEL, 'strategy', 'ranks', 'usable', *parts) if key not in row]
                if missing:
                    sys.exit('plot_plans.py: %s: expected the columns of --plan-table, found none named %s.' % (path, ', '.join(missing)))
                row['ranks'] = int(row['ranks'])
                row['seconds'] = sum(float(row[part]) for part in parts) if row['usable'] == '1' else None
                rows.append(row)
    return rows


def draw(plt, rows, published, part):
    from matplotlib.lines import Line2D
    panels = collections.OrderedDict()
    for row in rows:
        panels.setdefault(tuple(row[key] for key in PANEL), []).append(row)
    figure, axes = plot.grid_of(plt, len(panels), 4.8, 3.6, 2, 0.8)
    more = [(Line2D([], [], color='#666666', lw=1.1, ls=(0, (4, 2))), 'modelled')]
    for one, ((machine, era, nodes, targets), panel) in zip(axes, panels.items()):
        values, ranks, fallen = [], sorted({row['ranks'] for row in panel}), 0
        for name in collections.OrderedDict((row['strategy'], 0) for row in panel):
            look = plot.style(name)
            line = [(row['ranks'], row['seconds']) for row in panel if row['strategy'] == name and row['seconds'] is not None]
            if line:
                one.plot(*zip(*line), label=name, color=look['color'], lw=1.3, ls=(0, (4, 2)), marker=look['marker'], ms=4, mfc='white')
                values += [seconds for _, seconds in line]
            gone = [row['ranks'] for row in panel if row['strategy'] == name and row['seconds'] is None]
            if gone:
                one.plot(gone, [0.03 + 0.05 * fallen] * len(gone), ls='', marker='x', ms=6, mew=1.6, color=look['color'],
                         transform=one.get_xaxis_transform())
                fallen += 1
        if fallen and all(name != 'no room' for _, name in more):
            more.append((Line2D([], [], color='#666666', ls='', marker='x', mew=1.6), 'no room'))
        for row in published:
            if (row['era'], row['targets']) == (era, targets):
                look = plot.style(row['strategy'])
                one.plot([int(row['ranks'])], [float(row['seconds'])], ls='', marker=look['marker'], ms=9, color=look['color'])
                values.append(float(row['seconds']))
                if all(name != 'published' for _, name in more):
                    more.append((Line2D([], [], color='#666666', ls='', marker='o', ms=9), 'published'))
        one.set_xscale('log', base=2)
        one.set_xticks(ranks, [str(n) for n in ranks])
        one.minorticks_off()
        plot.plain_log(one, values)
        one.set_xlabel('ranks of a node')
        one.set_ylabel('seconds of the %s' % {'whole': 'run', 'scan': 'scan'}[part])
        one.set_title('%s targets%s%s' % (targets, '' if nodes == '1' else ', %s nodes' % nodes, '' if era == 'today' else ', era ' + era))
    figure.suptitle('Modelled, not measured: %s' % ' and '.join(collections.OrderedDict((row['machine'], 0) for row in rows)), fontsize=9)
    plot.legend_below(figure, axes, more)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('plans', nargs='+', metavar='PLANS.csv')
    parser.add_argument('--output', required=True, help='name of the pictures, without .png')
    parser.add_argument('--part', choices=PARTS, default='whole')
    parser.add_argument('--published', help='a table of published times')
    args = parser.parse_args()
    rows = read(args.plans, PARTS[args.part])
    if not rows:
        sys.exit('plot_plans.py: expected plans, found none in %s.' % ', '.join(args.plans))
    published = []
    if args.published:
        with open(args.published, newline='') as file:
            published = list(csv.DictReader(file))
    plt = plot.start_matplotlib()
    os.makedirs(os.path.dirname(os.path.abspath(args.output)), exist_ok=True)
    figure = draw(plt, rows, published, args.part)
    figure.savefig(args.output + '.png')
    figure.savefig(args.output + '.svg', metadata={'Date': None})


if __name__ == '__main__':
    main()
