# Configuration of the lit suite; lit.site.cfg.py of the build folder sets config.qopt_*.
import os
import shutil
import sys

import lit.formats

config.name = "qopt"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = os.path.join(config.qopt_build_dir, "test")
# unit has a configuration of its own, in the build folder.
config.excludes = ["Inputs", "CMakeLists.txt", "bench", "fuzz", "models"]
if not config.qopt_compiler:
    config.excludes += ["dialects", "docs", "e2e", "lowering", "passes", "runtime", "tools"]

# qopt and qrun, then FileCheck and not, then ptxas where there is one.
cuda_dir = "/usr/local/cuda/bin"
tool_dirs = [os.path.join(config.qopt_build_dir, "bin"), config.qopt_llvm_tools_dir]
path = os.pathsep.join(tool_dirs + [os.environ.get("PATH", ""), cuda_dir])
config.environment["PATH"] = path

source_dir = os.path.dirname(config.test_source_root)
shared_dir = os.environ.get("QOPT_SHARED_DIR", os.path.join(source_dir, "..", "shared"))
config.environment["QOPT_SHARED_DIR"] = shared_dir
config.substitutions += [
    ("%models", os.path.join(config.test_source_root, "models")),
    ("%shared", shared_dir),
    ("%mlir_include", config.qopt_mlir_include_dir),
    ("%python", sys.executable),
    ("%source", source_dir),
]

if shutil.which("ptxas", path=path):
    config.available_features.add("ptxas")
if os.path.isdir(os.path.join(shared_dir, "models")):
    config.available_features.add("shared")
with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
    if "avx512_vnni" in cpuinfo.read():
        config.available_features.add("avx512")
