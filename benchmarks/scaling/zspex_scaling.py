"""The points of a scaling study as tests of ReFrame; slurm/scaling.sh starts them. Environment: ZSPEX the program, ZSPEX_STUDY the
study's folder with points.json (study.py left), ZSPEX_LAUNCHER_OPTIONS more options of the launcher.

Sanity: the run ends with 0, and its answer is that of all other points with the same data: the same bits, or with a GPU in the program
the same within rounding. Each point that has ended, well or not, is a row of results.csv before ReFrame hears of it."""
import hashlib
import json
import os
import shlex
import sys

import numpy as np
import reframe as rfm
import reframe.utility.sanity as sn
from reframe.core.builtins import parameter, run_before, sanity_function

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import results  # noqa: E402
import study  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
HOME = os.path.dirname(os.path.dirname(HERE))
FOLDER = os.environ.get('ZSPEX_STUDY', '.')
PROGRAM = os.environ.get('ZSPEX', 'zspex')
with open(os.path.join(FOLDER, 'points.json')) as points_file:
    STUDY, POINTS = json.load(points_file).values()
SHARE_GPUS = ('GPU_V1', 'GPU_V2', 'GPU_V3')  # all ranks use a GPU: NVIDIA's multi-process service helps


@rfm.simple_test
class Scaling(rfm.RunOnlyRegressionTest):
    point = parameter(POINTS, fmt=study.point_name)
    valid_systems = ['*']
    valid_prog_environs = ['*']
    sourcesdir = None
    row = None

    @run_before('run')
    def set_command(self):
        point, launcher = self.point, self.job.launcher
        arguments, self.outputs = study.job_options(STUDY, point, FOLDER)
        self.num_tasks, self.num_tasks_per_node = int(point['total_ranks']), int(point['ranks'])
        self.env_vars = {'OMP_NUM_THREADS': os.environ.get('OMP_NUM_THREADS', '1'),
                         'ZSPEX_MPS': os.environ.get('ZSPEX_MPS', 'yes' if point['strategy'] in SHARE_GPUS else 'no')}
        launcher.options = shlex.split(os.environ.get('ZSPEX_LAUNCHER_OPTIONS', ''))
        if self.launches_by_srun():
            # All processors of a node for its ranks, so that few ranks are spread over its GPUs' cores.
            self.num_cpus_per_task = self.job.num_cpus_per_task = max(1, int(os.environ.get('SLURM_CPUS_ON_NODE', '1')) // int(point['ranks']))
            launcher.options += ['--nodes=' + point['nodes'], '--ntasks=' + point['total_ranks'], '--ntasks-per-node=' + point['ranks']]
        elif int(point['nodes']) > 1:
            launcher.options += ['--map-by', 'ppr:%s:node' % point['ranks']]
        self.prerun_cmds = self.prediction(arguments)
        launcher.modifier = os.path.join(HERE, 'run_point.sh')
        launcher.modifier_options = [str(STUDY['time_limit'])]
        self.time_limit = '%ds' % (STUDY['time_limit'] + 60)  # should run_point.sh not end it
        self.executable = shlex.join([os.path.join(HOME, 'slurm', 'with_mps.sh'), PROGRAM])
        self.executable_opts = [shlex.quote(word) for word in arguments + ['--progress', 'none']]

    def launches_by_srun(self):
        return self.current_partition.launcher_type.registered_name == 'srun'

    def prediction(self, arguments):
        """Commands that leave the model's predictions in FOLDER/plans, once for points with the same ranks and data."""
        self.plan, predict = None, STUDY['predict']
        if self.point['job'] != 'redshift' or predict == 'none' or self.point['strategy'] == 'AUTO':
            return []
        keys = ('era', 'nodes', 'ranks', 'targets', 'step', 'slowdown', 'options', 'data')
        name = hashlib.sha256('|'.join([predict, *(self.point[key] for key in keys)]).encode()).hexdigest()[:12]
        self.plan = os.path.join(FOLDER, 'plans', name + '.csv')
        os.makedirs(os.path.dirname(self.plan), exist_ok=True)
        command = [*arguments, '--dry-run', '--plan-table', 'plan.csv']
        if predict == 'measured':  # as the ranks will work
            run = [self.job.launcher.run_command(self.job), shlex.join([PROGRAM, *command])]
        else:
            machine = self.plan.replace('.csv', '.yaml')
            with open(machine, 'w') as file:
                file.write(results.machine_of(predict, int(self.point['nodes']), int(self.point['ranks'])))
            options = os.environ.get('ZSPEX_LAUNCHER_OPTIONS', '')  # one rank, for a program that doesn't start without a launcher
            one = 'srun %s --nodes=1 --ntasks=1' if self.launches_by_srun() else 'mpirun -np 1 %s'
            run = [one % options, shlex.join([PROGRAM, *command, '--machine', machine])]
        plan = shlex.quote(self.plan)
        run.insert(0, 'timeout %d' % STUDY['time_limit'])
        return ['[[ -s %s ]] || { %s >plan.txt 2>plan.err </dev/null && mv plan.csv %s; }' % (plan, ' '.join(run), plan)]

    @sanity_function
    def has_the_answer(self):
        row = {column: self.point.get(column, '') for column in study.COLUMNS}
        row['machine'], self.row = results.machine_name(), row
        status, row['wall'] = results.read_ran(self.stagedir)
        if status is None:
            status = self.job.exitcode
        row['exit_status'] = status
        if self.plan:
            row.update(results.planned(self.plan, self.point['strategy'], 'dry-run' if STUDY['predict'] == 'measured' else 'machine'))
        text = ''
        for name in (self.stderr, self.stdout):
            with open(os.path.join(self.stagedir, str(name)), errors='replace') as file:
                text += file.read()
        if status != 0:
            row['status'], row['reason'] = results.why_failed(status, text, STUDY['time_limit'])
        else:
            try:
                found, answer = results.read_results(self.stagedir, self.point['job'], self.outputs)
                row.update(found)
                row['status'], row['reason'] = self.compare(answer, found)
            except (OSError, KeyError, ValueError) as error:  # as when srun says that all is well, and started nothing
                row['status'], row['reason'] = 'failed', 'expected whole results after exit status 0, found: %s' % error
            for name in self.outputs:  # frames are large
                if os.path.exists(os.path.join(self.stagedir, name)):
                    os.remove(os.path.join(self.stagedir, name))
        study.append_row(os.path.join(FOLDER, 'results.csv'), row)
        return sn.assert_eq(row['status'], 'done', msg='%s: %s' % (row['status'], row['reason']))

    def compare(self, answer, found):
        key = hashlib.sha256('|'.join(study.answer_key(self.point)).encode()).hexdigest()[:12]
        path = os.path.join(FOLDER, 'answers', key + '.npz')
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            np.savez_compressed(path + '.part.npz', **answer)
            os.rename(path + '.part.npz', path)
            return 'done', ''
        with np.load(path) as file:
            first = dict(file)
        if found['answer'] == results.digest(first):
            return 'done', ''
        gpu = any(word in found['kokkos'] for word in ('Cuda', 'CUDA', 'HIP', 'SYCL'))
        name = results.disagreement(answer, first) if gpu else 'its bits'
        if not name:
            return 'done', ''
        return 'disagrees', 'expected the answer of the first point with this data (%s), found another one: %s' % (results.digest(first), name)

    @run_before('performance')
    def set_figures(self):
        figures = (('wall', 's'), ('fit', 's'), *((step, 's') for step in study.STEPS), ('idle_max', 's'), ('memory_max', 'MiB'),
                   ('predicted', 's'))
        self.perf_variables = {name: sn.make_performance_function(sn.defer(float(self.row[name])), unit)
                               for name, unit in figures if (self.row or {}).get(name, '') != ''}
