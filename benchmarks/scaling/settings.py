"""Sites of ReFrame for slurm/scaling.sh. All points run where ReFrame runs: on this machine, or within one allocation of Slurm, whose
nodes srun takes a part of. Names of systems: machine (mpirun), allocation (srun), perlmutter (srun; what its nodes want)."""


def system(name, launcher, description, **more):
    return {'name': name, 'descr': description, 'hostnames': [] if name != 'machine' else ['.*'], 'modules_system': 'nomod',
            'partitions': [{'name': 'ranks', 'scheduler': 'local', 'launcher': launcher, 'environs': ['zspex'], 'max_jobs': 1, **more}]}


site_configuration = {
    'systems': [
        system('machine', 'mpirun', 'any machine, ranks started by mpirun'),
        system('allocation', 'srun', 'nodes of an allocation of Slurm'),
        # 64 cores with two hardware threads and four A100 a node: docs/running_on_slurm.md.
        system('perlmutter', 'srun', 'GPU nodes of Perlmutter, within an allocation',
               env_vars=[['MPICH_GPU_SUPPORT_ENABLED', '0'], ['SLURM_CPU_BIND', 'cores'], ['SLURM_GPU_BIND', 'none']]),
    ],
    'environments': [{'name': 'zspex', 'cc': 'cc', 'cxx': 'c++', 'ftn': ''}],
    # results.csv is written by the tests: ReFrame's performance log has no columns of points that fail, none of their reasons in quotes,
    # and no line of one that runs out of time.
    'logging': [{'level': 'debug',
                 'handlers': [{'type': 'stream', 'name': 'stdout', 'level': 'info', 'format': '%(message)s'},
                              {'type': 'file', 'name': 'reframe.log', 'level': 'debug2', 'append': True, 'timestamp': False,
                               'format': '[%(asctime)s] %(levelname)s: %(check_info)s: %(message)s'}]}],
    'general': [{'check_search_recursive': False, 'trap_job_errors': False, 'resolve_module_conflicts': False}],
}
