#!/usr/bin/env python3
"""study_test.py REPOSITORY: how a scaling study becomes points, which of them are left, and what the pictures make of their rows.
Needs PyYAML, else it ends with 77; what reads results needs h5py, and skips without."""
import importlib.util
import os
import re
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
REPOSITORY = os.path.abspath(sys.argv.pop(1) if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..', '..'))
sys.path.insert(0, os.path.join(REPOSITORY, 'benchmarks', 'scaling'))
if importlib.util.find_spec('yaml') is None:
    print('Skipped: %s has no PyYAML; it is in benchmarks/scaling/requirements.txt' % sys.executable)
    sys.exit(77)
import compare  # noqa: E402
import study  # noqa: E402


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.csv = os.path.join(self.folder, 'results.csv')

    def study(self, points, more=''):
        path = os.path.join(self.folder, 'study.yaml')
        with open(path, 'w') as file:
            file.write('%s\npoints:\n%s' % (more, points))
        return study.read_study(path)

    def points(self, points, more=''):
        return study.expand(self.study(points, more))

    def refused(self, points, more=''):
        with self.assertRaises(study.StudyError) as caught:
            self.points(points, more)
        return str(caught.exception)

    def row(self, point, status='done', **more):
        row = {column: point.get(column, '') for column in study.COLUMNS}
        row.update({'status': status, 'exit_status': 0 if status == 'done' else 8, 'fit': '1', 'wall': '2', **more})
        return row


class Expansion(WithFolder):
    def test_ranges_are_written_out(self):
        self.assertEqual(study.values_of('ranks', '4..64 x2'), [4, 8, 16, 32, 64])
        self.assertEqual(study.values_of('ranks', ['1..3', 7]), [1, 2, 3, 7])
        self.assertEqual(study.values_of('ranks', '3..50 x3'), [3, 9, 27])
        self.assertEqual(study.values_of('strategy', ['CPU', 'GPU_V4..GPU_V6']), ['CPU', 'GPU_V4', 'GPU_V5', 'GPU_V6'])

    def test_a_set_has_each_combination_once_a_repeat(self):
        points = self.points('- {strategy: [CPU, GPU_V6], ranks: [1, 2, 4]}\n- {strategy: CPU, ranks: 2}', 'repeats: 2')
        self.assertEqual(len(points), 12)  # the second set has nothing new
        self.assertEqual([point['repeat'] for point in points], ['1'] * 6 + ['2'] * 6)
        self.assertEqual(len({study.point_name(point) for point in points}), 12)

    def test_weak_scaling_gives_each_rank_as_much(self):
        points = self.points('- {nodes: [1, 2], ranks: [4, 8], targets: 5 per rank}')
        self.assertEqual([(point['total_ranks'], point['targets']) for point in points], [('4', '20'), ('8', '40'), ('8', '40'), ('16', '80')])
        self.assertEqual({point['scaling'] for point in points}, {'weak'})
        self.assertEqual([point['frames'] for point in self.points('- {job: extract, nodes: [1, 3], ranks: 4, frames: 2 per node}')], ['2', '6'])

    def test_a_slowdown_is_a_list_for_each_point(self):
        self.assertEqual([point['slowdown'] for point in self.points('- {ranks: 2, slowdown: [1, 3]}')], ['1,3'])
        self.assertEqual([point['slowdown'] for point in self.points('- {ranks: 2, slowdown: ["", [1, 2.5]]}')], ['', '1,2.5'])

    def test_steps_of_equal_value_are_equal(self):
        self.assertEqual({point['step'] for point in self.points('- {step: [1e-3, 1.0e-3, 0.001]}')}, {'0.001'})

    def test_studies_of_the_repository_are_good(self):
        for name, least in (('small', 23), ('cores', 99), ('perlmutter', 300)):
            points = study.expand(study.read_study(os.path.join(REPOSITORY, 'config', 'study_%s.yaml' % name)))
            self.assertGreaterEqual(len(points), least)

    def test_mistakes_are_named(self):
        self.assertIn('expected one of', self.refused('- {strategies: CPU}'))
        self.assertIn('found strategies', self.refused('- {strategies: CPU}'))
        self.assertIn('found GPU_V7', self.refused('- {strategy: GPU_V7}'))
        self.assertIn('found 2..1', self.refused('- {ranks: 2..1}'))
        self.assertIn('found True', self.refused('- {ranks: yes}'))
        self.assertIn('multiple', self.refused('- {targets: 750}'))
        self.assertIn('found 0', self.refused('- {ranks: 0}'))
        self.assertIn('found one of them', self.refused('- {ranks: 1}', 'data: {coadds: a.fits}'))
        self.assertIn('there is no', self.refused('- {ranks: 1}', 'predict: nowhere.yaml'))

    def test_the_program_is_told_what_is_not_its_default(self):
        points = self.points('- {era: [today, 2021], strategy: GPU_V4, targets: 7, slowdown: [1, 2], ranks: 2, step: 1e-3, options: --slice 16}')
        words = [' '.join(study.job_options(self.study('- {ranks: 1}'), point, '/f')[0]) for point in points]
        self.assertNotIn('--era', words[0])
        self.assertIn('--era 2021', words[1])
        self.assertTrue(words[0].endswith('--zscan-galaxy=-0.005,1.7,0.001 --slowdown 1,2 --slice 16'), words[0])
        self.assertIn('--input /f/data/coadds/coadd-0.fits', words[0])
        self.assertIn('--ntargets 7', words[0])

    def test_a_thousand_simulated_targets_are_two_files(self):
        one = self.study('- {targets: [500, 1000]}')
        words = [study.job_options(one, point, '/f')[0] for point in study.expand(one)]
        self.assertEqual([sum(word.startswith('/f/data/coadds/coadd') for word in line) for line in words], [1, 2])
        self.assertIn('1000', study.data_commands(one, '/f')[0])

    def test_own_data_are_named_and_looked_for(self):
        for name in ('mine.fits', 'templates.fits'):
            open(os.path.join(self.folder, name), 'w').close()
        data = 'data: {coadds: %s/mine.fits, templates: %s/templates.fits}' % (self.folder, self.folder)
        one = self.study('- {targets: 0}', data)
        self.assertEqual(study.data_commands(one, '/f'), [])
        point = study.expand(one)[0]
        self.assertTrue(point['data'].startswith('mine.fits ('))
        self.assertIn(self.folder + '/mine.fits', study.job_options(one, point, '/f')[0])


class Resume(WithFolder):
    def test_points_with_a_row_are_not_left(self):
        one = self.study('- {ranks: [1, 2, 4]}')
        points = study.expand(one)
        study.append_row(self.csv, self.row(points[0]))
        study.append_row(self.csv, self.row(points[1], 'memory', reason='expected 2 GiB, found "1", no more'))
        rows = study.read_rows(self.csv)
        self.assertEqual(rows[1]['reason'], 'expected 2 GiB, found "1", no more')
        self.assertEqual(study.left(one, rows), points[2:])
        self.assertEqual(study.left(one, rows, retry_failed=True), points[1:])

    def test_the_last_row_of_a_point_counts(self):
        point = self.points('- {ranks: 1}')[0]
        study.append_row(self.csv, self.row(point, 'timeout'))
        study.append_row(self.csv, self.row(point))
        self.assertEqual([row['status'] for row in study.read_rows(self.csv)], ['done'])

    def test_a_line_that_was_cut_off_is_run_again(self):
        one = self.study('- {ranks: [1, 2]}')
        points = study.expand(one)
        for point in points:
            study.append_row(self.csv, self.row(point))
        with open(self.csv, 'r+') as file:
            whole = file.read()
            file.truncate(len(whole) - 20)
        self.assertEqual(study.left(one, study.read_rows(self.csv)), points[1:])
        study.append_row(self.csv, self.row(points[1]))
        self.assertEqual(study.left(one, study.read_rows(self.csv)), [])

    def test_other_columns_are_refused(self):
        with open(self.csv, 'w') as file:
            file.write('set,job\na,b\n')
        with self.assertRaisesRegex(study.StudyError, 'expected the columns'):
            study.read_rows(self.csv)

    def test_exit_status_tells_how_it_went(self):
        one = self.study('- {ranks: [1, 2]}')
        first, second = study.expand(one)
        self.assertEqual(study.status(one, [])[3], 1)
        self.assertEqual(study.status(one, [self.row(first), self.row(second)])[3], 0)
        self.assertEqual(study.status(one, [self.row(first), self.row(second, 'memory')])[3], 7)
        self.assertEqual(study.status(one, [self.row(first, 'memory'), self.row(second, 'memory')])[3], 8)
        self.assertEqual(study.status(one, [self.row(first)])[3], 7)  # the rest was not run


class Pictures(WithFolder):
    def rows(self, points, figures, more=''):
        for point, (fit, predicted) in zip(self.points(points, more), figures):
            study.append_row(self.csv, self.row(point, fit=str(fit), predicted=predicted))
        return compare.read([self.csv])

    def test_the_fastest_repeat_is_shown_with_the_median_prediction(self):
        rows = self.rows('- {ranks: 2}', [(3, 1), (2, 9), (4, 2)], 'repeats: 3')
        self.assertEqual([(row['fit'], row['predicted']) for row in compare.best(rows)], [(2, 2)])

    def test_a_failed_repeat_does_not_count(self):
        rows = self.rows('- {ranks: 2}', [(3, 1), (2, 9)], 'repeats: 2')
        rows[1]['status'] = 'disagrees'
        self.assertEqual([row['fit'] for row in compare.best(rows)], [3])
        self.assertEqual([row['fit'] for row in compare.failures(rows)], [2])

    def test_speedup_is_against_the_fewest_ranks(self):
        rows = compare.best(self.rows('- {ranks: [2, 4, 8], targets: 16}', [(8, ''), (4, ''), (4, '')]))
        lines = compare.series(compare.panels(rows)[0])
        self.assertEqual(compare.speedups(lines['CPU']), [(2, 1, 1), (4, 2, 1), (8, 2, 0.5)])

    def test_with_weak_scaling_equal_times_are_ideal(self):
        rows = compare.best(self.rows('- {ranks: [2, 4], targets: 3 per rank}', [(5, ''), (5, '')]))
        self.assertEqual(len(compare.panels(rows)), 1)
        self.assertEqual(compare.speedups(compare.series(rows)['CPU']), [(2, 1, 1), (4, 2, 1)])

    def test_other_work_is_another_panel_and_another_era_another_line(self):
        rows = compare.best(self.rows('- {strategy: GPU_V4, era: [today, 2021], targets: [4, 8]}', [(1, '')] * 4))
        self.assertEqual([sorted(compare.series(panel)) for panel in compare.panels(rows)], [['GPU_V4', 'GPU_V4, 2021']] * 2)

    def test_phases_are_the_whole_process(self):
        row = self.rows('- {ranks: 1}', [(1, '')])[0]
        row.update(wall=10, scan=4, rebin=1, refine=2, wait=1, gather=0.5)
        self.assertEqual(compare.phases(row)['rest'], 1.5)


class Documentation(unittest.TestCase):
    def test_columns_and_keys_are_described(self):
        with open(os.path.join(REPOSITORY, 'docs', 'scaling.md')) as file:
            text = file.read()
        described = set(re.findall(r'`(\w+)`', text[text.index('## Columns of'):]))
        self.assertEqual(set(study.COLUMNS) - described, set())
        described = set(re.findall(r'`(\w+)`', text[text.index('## A study of your own'):text.index('## Columns of')]))
        self.assertEqual((set(study.DEFAULTS) | set(study.DATA)) - described, set())


@unittest.skipIf(importlib.util.find_spec('h5py') is None, 'no h5py')
class Results(unittest.TestCase):
    def setUp(self):
        import results
        self.results = results

    def test_a_table_of_plans_is_read(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'plans.csv')
            self.assertEqual(self.results.planned(path, 'CPU', 'x'), {})
            with open(path, 'w') as file:
                file.write('machine,strategy,usable,whole,total,rebin,scan,transfer,refine,node_gib,gpu_gib,reason\n'
                           '"a node, small",CPU,1,9,6.45,0.09,4.18,0,2.18,11.68,0,\n'
                           '"a node, small",GPU_V3,0,4,3.1,0.2,2,0.4,0.5,20,39.58,"no room, for 64 ranks"\n'
                           '"a node, small",GPU_V4,0,,,,,,,,,no GPU\n')
            self.assertEqual(self.results.planned(path, 'CPU', 'x'),
                             dict(predicted_rebin='0.09', predicted_scan='4.18', predicted_transfer='0', predicted_refine='2.18',
                                  predicted='6.45', predicted_node='11.68', predicted_gpu='', predicted_from='x'))
            self.assertEqual(self.results.planned(path, 'GPU_V3', 'x')['predicted_gpu'], '39.58')
            self.assertEqual(self.results.planned(path, 'GPU_V4', 'x'), {})
            self.assertEqual(self.results.planned(path, 'GPU_V5', 'x'), {})

    def test_why_a_point_failed(self):
        why = self.results.why_failed
        said = 'zspex: rebin the templates: out of memory. Use more nodes.\n------\nPrimary job terminated'
        self.assertEqual(why(8, said, 9), ('memory', 'rebin the templates: out of memory. Use more nodes.'))
        self.assertEqual(why(137, 'Killed', 9)[0], 'memory')
        self.assertEqual(why(124, said, 9)[0], 'timeout')
        self.assertEqual(why(2, 'zspex: --era: expected', 9), ('refused', '--era: expected'))
        self.assertEqual(why(1, '----\n\nsrun: note\nsrun: error: no', 9), ('failed', 'exit status 1: srun: error: no'))

    def test_rounding_of_a_gpu_is_no_disagreement(self):
        import numpy as np
        first = {'Z': np.array([0.5, 1.0]), 'CHI2': np.array([1e4, 2e4]), 'ZWARN': np.array([0, 4]), 'ZERR': np.array([1e-5, 1e-5])}
        self.assertEqual(self.results.disagreement(dict(first, Z=first['Z'] + 1e-9, ZERR=first['ZERR'] * 1.1), first), '')
        self.assertEqual(self.results.disagreement(dict(first, Z=first['Z'] + 1e-5), first), 'Z')
        self.assertEqual(self.results.disagreement(dict(first, ZWARN=np.array([0, 0])), first), 'ZWARN')
        self.assertEqual(self.results.disagreement({}, first), 'Z')


if __name__ == '__main__':
    unittest.main(verbosity=1)
