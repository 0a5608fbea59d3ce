// The arrows between the folders: pipeline and simulate -> kernels, io, config; these three do not know each other; all know
// core. pipeline -> simulate.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace zspex {
namespace {

namespace fs = std::filesystem;

struct Include {
  std::string header;
  bool quoted = false;  ///< "..." and not <...>
  int line = 0;
};

std::vector<Include> includes_of(std::istream& source) {
  static const std::regex pattern(R"(^\s*#\s*include\s*(["<])([^">]+)[">])");
  std::vector<Include> result;
  int iline = 0;
  for (std::string line; std::getline(source, line);) {
    ++iline;
    std::smatch match;
    if (std::regex_search(line, match, pattern)) result.push_back({match[2], match[1] == "\"", iline});
  }
  return result;
}

/// What code of a folder must not include: beginnings of headers' names.
struct Rule {
  std::string folder;
  std::vector<std::string> forbidden;
};

const std::vector<Rule>& rules() {
  static const std::vector<Rule> table = {
      {"core/",
       {"config/", "io/", "kernels/", "simulate/", "pipeline/", "yaml", "Kokkos", "KokkosKernels", "mpi", "fitsio",
        "hdf5"}},
      {"config/", {"io/", "kernels/", "simulate/", "pipeline/", "Kokkos", "mpi", "fitsio", "hdf5"}},
      {"io/", {"config/", "kernels/", "simulate/", "pipeline/", "Kokkos", "mpi", "yaml"}},
      {"kernels/", {"config/", "io/", "simulate/", "pipeline/", "mpi", "yaml", "fitsio", "hdf5", "fmt", "core/format"}},
      {"simulate/", {"pipeline/", "tests/", "benchmarks/", "Kokkos", "mpi", "yaml", "fitsio", "hdf5"}},
      {"pipeline/comm/", {"pipeline/extract/", "pipeline/redshift/", "kernels/", "io/", "simulate/", "Kokkos"}},
      {"pipeline/terminal/", {"pipeline/comm/", "pipeline/extract/", "pipeline/redshift/", "kernels/", "io/", "mpi"}},
      {"pipeline/inspect/", {"pipeline/comm/", "pipeline/extract/", "pipeline/redshift/", "Kokkos", "mpi", "yaml"}},
      {"pipeline/measure/", {"pipeline/extract/", "tests/", "benchmarks/", "Kokkos", "yaml", "fitsio"}},
      {"pipeline/extract/", {"pipeline/redshift/", "simulate/", "tests/", "benchmarks/", "Kokkos", "yaml", "fitsio"}},
      {"pipeline/redshift/", {"pipeline/extract/", "simulate/", "tests/", "benchmarks/", "Kokkos", "yaml", "fitsio"}},
      {"pipeline/", {"tests/", "benchmarks/", "yaml", "fitsio"}},
      {"tests/config/", {"io/", "kernels/", "simulate/", "pipeline/"}},
      {"tests/io/", {"kernels/", "simulate/", "pipeline/", "Kokkos", "mpi"}},
      // The golden frame comes in files; kernels themselves are tested without any.
      {"tests/kernels/extract/golden", {"pipeline/", "mpi"}},
      {"tests/kernels/", {"io/", "simulate/", "pipeline/", "mpi"}},
      {"tests/simulate/", {"pipeline/", "mpi"}},
  };
  return table;
}

/// The folder that a header is private to: "io/" of io/detail/text.hpp; empty if it is nobody's.
std::string owner_of(const std::string& header) {
  const auto at = header.find("/detail/");
  return at == std::string::npos ? "" : header.substr(0, at + 1);
}

/// Why a file of this repository must not include a header; empty if it may.
std::string broken_arrow(const std::string& file, const Include& include) {
  if (include.header.find("..") != std::string::npos)
    return "expected a path from the repository's root, found one with ..";
  const std::string owner = owner_of(include.header);
  if (!owner.empty() && !file.starts_with(owner) && !file.starts_with("tests/") && !file.starts_with("benchmarks/"))
    return "expected a header for all, found one of " + owner + "'s own";
  for (const Rule& rule : rules()) {
    if (!file.starts_with(rule.folder)) continue;
    for (const std::string& beginning : rule.forbidden) {
      if (include.header.starts_with(beginning)) return rule.folder + " must not know " + beginning;
    }
    return "";
  }
  return "";
}

TEST(Includes, ArrowsPointOneWay) {
  const fs::path root = ZSPEX_SOURCE_DIR;
  std::size_t nfile = 0, ninclude = 0;
  for (const char* folder : {"core", "config", "io", "kernels", "simulate", "pipeline", "tests", "benchmarks"}) {
    ASSERT_TRUE(fs::is_directory(root / folder)) << root / folder;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string suffix = entry.path().extension().string();
      if (suffix != ".hpp" && suffix != ".cpp" && suffix != ".h") continue;
      ++nfile;
      const std::string file = fs::relative(entry.path(), root).generic_string();
      std::ifstream source(entry.path());
      for (const Include& include : includes_of(source)) {
        ++ninclude;
        EXPECT_EQ(broken_arrow(file, include), "") << file << ":" << include.line << " includes " << include.header;
        // A path from the root leaves no way round the rules.
        if (!include.quoted) continue;
        EXPECT_TRUE(fs::exists(root / include.header)) << file << ":" << include.line << " includes " << include.header;
      }
    }
  }
  EXPECT_GT(nfile, 30u) << "the sources have moved and this test reads nothing";
  EXPECT_GT(ninclude, 100u);
}

/// A header with its source, by the header's path without suffix; what each includes.
using Modules = std::map<std::string, std::set<std::string>>;

Modules read_modules(const fs::path& root) {
  Modules modules;
  for (const char* folder : {"core", "config", "io", "kernels", "simulate", "pipeline"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const fs::path file = fs::relative(entry.path(), root);
      if (file.extension() != ".hpp" && file.extension() != ".cpp") continue;
      const std::string module = fs::path(file).replace_extension().generic_string();
      std::ifstream source(entry.path());
      for (const Include& include : includes_of(source)) {
        const std::string other = fs::path(include.header).replace_extension().generic_string();
        if (include.quoted && other != module) modules[module].insert(other);
      }
    }
  }
  return modules;
}

/// The first way found that leads from a module back to it: "a -> b -> a"; empty if there is none.
std::string find_cycle(const Modules& modules) {
  std::set<std::string> done;
  std::vector<std::string> way;
  const std::function<std::string(const std::string&)> visit = [&](const std::string& module) -> std::string {
    if (done.contains(module)) return "";
    const auto again = std::find(way.begin(), way.end(), module);
    if (again != way.end()) {
      std::string text;
      for (auto step = again; step != way.end(); ++step) text += *step + " -> ";
      return text + module;
    }
    way.push_back(module);
    const auto found = modules.find(module);
    if (found != modules.end())
      for (const std::string& next : found->second)
        if (std::string text = visit(next); !text.empty()) return text;
    way.pop_back();
    done.insert(module);
    return "";
  };
  for (const auto& [module, includes] : modules)
    if (std::string text = visit(module); !text.empty()) return text;
  return "";
}

TEST(Includes, NoFileLeadsBackToItself) { EXPECT_EQ(find_cycle(read_modules(ZSPEX_SOURCE_DIR)), ""); }

TEST(Includes, ACycleIsFound) {
  EXPECT_EQ(find_cycle({{"a", {"b", "c"}}, {"b", {"c"}}, {"c", {"d"}}}), "");
  EXPECT_EQ(find_cycle({{"a", {"b"}}, {"b", {"c"}}, {"c", {"d", "b"}}}), "b -> c -> b");
}

TEST(Includes, TheRulesCatchWhatTheyForbid) {
  const auto broken = [](const std::string& file, const std::string& header) {
    return !broken_arrow(file, {header, true, 1}).empty();
  };
  EXPECT_TRUE(broken("config/schema.cpp", "io/psf.hpp"));
  EXPECT_TRUE(broken("config/schema.cpp", "kernels/extract/extract.hpp"));
  EXPECT_TRUE(broken("core/error.hpp", "config/schema.hpp"));
  EXPECT_TRUE(broken("core/error.hpp", "yaml-cpp/yaml.h"));
  EXPECT_TRUE(broken("io/psf.cpp", "config/extract_config.hpp"));
  EXPECT_TRUE(broken("io/psf.cpp", "Kokkos_Core.hpp"));
  EXPECT_TRUE(broken("io/psf.cpp", "kernels/extract/extract.hpp"));
  EXPECT_TRUE(broken("io/psf.cpp", "pipeline/comm/communicator.hpp"));
  EXPECT_TRUE(broken("io/psf.cpp", "mpi.h"));
  EXPECT_TRUE(broken("kernels/extract/unit.cpp", "mpi.h"));
  EXPECT_TRUE(broken("kernels/extract/unit.cpp", "yaml-cpp/yaml.h"));
  EXPECT_TRUE(broken("kernels/extract/unit.cpp", "fitsio.h"));
  EXPECT_TRUE(broken("kernels/extract/unit.cpp", "io/psf.hpp"));
  EXPECT_TRUE(broken("kernels/extract/unit.cpp", "config/settings.hpp"));
  EXPECT_TRUE(broken("kernels/extract/unit.cpp", "../../io/psf.hpp"));
  EXPECT_FALSE(broken("io/psf.cpp", "core/array.hpp"));
  EXPECT_FALSE(broken("kernels/extract/unit.cpp", "Kokkos_Core.hpp"));
  EXPECT_TRUE(broken("pipeline/redshift/plan.cpp", "kernels/redshift/detail/backend.hpp"));
  EXPECT_TRUE(broken("pipeline/extract/plan.cpp", "pipeline/redshift/plan.hpp"));
  EXPECT_FALSE(broken("kernels/redshift/fitter.cpp", "kernels/redshift/detail/backend.hpp"));
  EXPECT_TRUE(broken("simulate/sky.cpp", "pipeline/roles.hpp"));
  EXPECT_TRUE(broken("kernels/extract/unit.cpp", "simulate/sky.hpp"));
  EXPECT_FALSE(broken("simulate/sky.cpp", "io/psf.hpp"));
  EXPECT_FALSE(broken("pipeline/extract/frame_runner.cpp", "io/psf.hpp"));
  EXPECT_FALSE(broken("config/schema.cpp", "config/settings.hpp"));
}

TEST(Includes, AreReadWithBlanksQuotesAndBrackets) {
  std::istringstream source(
      "#include <vector>\n  #  include \"io/psf.hpp\"  // why\n// #include <mpi.h>\nint include = 3;\n");
  const std::vector<Include> found = includes_of(source);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].header, "vector");
  EXPECT_FALSE(found[0].quoted);
  EXPECT_EQ(found[1].header, "io/psf.hpp");
  EXPECT_TRUE(found[1].quoted);
  EXPECT_EQ(found[1].line, 2);
}

}  // namespace
}  // namespace zspex
