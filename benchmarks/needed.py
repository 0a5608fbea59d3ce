"""Says which Python modules are missing, before a program needs them."""
import importlib.util
import os
import sys


def need(*modules):
    """Ends the program with a sentence when one of the modules can't be found."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        requirements = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'requirements.txt')
        sys.exit('%s: expected the Python modules %s, found no %s. Install them: %s -m pip install -r %s'
                 % (os.path.basename(sys.argv[0]), ', '.join(modules), ', '.join(missing), sys.executable, requirements))
