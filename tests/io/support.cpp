#include "tests/io/support.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace zspex::io::test {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "zspex-io-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("can't make a folder for tests");
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> TempDir::names() const {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  if (!file.flush()) throw std::runtime_error("can't write " + path);
}

void expect_error(const std::function<void()>& action, ExitCode code, const std::vector<std::string>& words) {
  try {
    action();
    ADD_FAILURE() << "no error; expected one with: " << testing::PrintToString(words);
  } catch (const FileError& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    for (const std::string& word : words)
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos)
          << "no \"" << word << "\" in: " << error.what();
  }
}

bool in_child(const std::function<bool()>& action) {
  const pid_t child = fork();
  if (child == 0) {
    bool ok = false;
    try {
      ok = action();
    } catch (...) {
    }
    _exit(ok ? 0 : 1);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string shared_data() {
  const char* variable = std::getenv("ZSPEX_SHARED");
  const std::filesystem::path folder =
      std::filesystem::path(variable ? variable : ZSPEX_SOURCE_DIR "/../shared") / "data";
  return std::filesystem::is_directory(folder) ? folder.string() : "";
}

std::string card(const std::string& key, const std::string& value) {
  std::string out = key;
  out.resize(8, ' ');
  out += "= ";
  if (value[0] != '\'') out.append(20 - std::min<std::size_t>(20, value.size()), ' ');
  return out + value;
}

RawFits& RawFits::hdu(const std::vector<std::string>& cards, const std::string& data) {
  constexpr std::size_t block = 2880, record = 80;
  const auto pad = [&](char with) {
    while (bytes_.size() % block != 0) bytes_ += with;
  };
  for (std::string text : cards) {
    text.resize(record, ' ');
    bytes_ += text;
  }
  bytes_ += "END";
  pad(' ');
  bytes_ += data;
  pad('\0');
  return *this;
}

RawFits& RawFits::image(const std::string& name, int bitpix, const std::vector<std::size_t>& shape,
                        const std::string& data, const std::vector<std::string>& more) {
  const bool primary = bytes_.empty();
  std::vector<std::string> cards = {primary ? card("SIMPLE", "T") : card("XTENSION", "'IMAGE   '"),
                                    card("BITPIX", std::to_string(bitpix)),
                                    card("NAXIS", std::to_string(shape.size()))};
  for (std::size_t i = 0; i < shape.size(); ++i)
    cards.push_back(card("NAXIS" + std::to_string(i + 1), std::to_string(shape[shape.size() - 1 - i])));
  if (!primary) cards.insert(cards.end(), {card("PCOUNT", "0"), card("GCOUNT", "1")});
  if (!name.empty()) cards.push_back(card("EXTNAME", "'" + name + "'"));
  cards.insert(cards.end(), more.begin(), more.end());
  return hdu(cards, data);
}

}  // namespace zspex::io::test
