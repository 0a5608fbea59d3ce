/// \file
/// Lists of work: the files of one run on each line, so that one job does many runs.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace zspex::config {

/// The files of one line of a text, or of one item of a YAML list.
struct ListItem {
  std::string where;                                      ///< "coadds.txt:12"; starts messages
  std::map<std::string, std::vector<std::string>> files;  ///< by key of the section; only what is there

  /// The files of a key; none if there are none.
  const std::vector<std::string>& of(const std::string& key) const;
  /// The only file of a key, or "". \throws ConfigError when there are several
  std::string one_of(const std::string& key) const;
};

/// How a list is written.
struct ListForm {
  std::string key;                 ///< "redshift.list", for messages
  std::vector<std::string> words;  ///< keys of the words of a line: input, output
  std::size_t fewest = 1;          ///< words of a line
  std::string shown;               ///< "COADD [OUTPUT]"
  std::vector<std::string> more;   ///< further keys that a YAML list may have
};

/// Reads a list: a YAML sequence of keys with files if its name ends in .yaml or .yml, else a text with a run on each line, its
/// files separated by blanks; # at the start of a word begins a comment; lines may end in CR LF. Names are as the shell would take
/// them: relative to the working folder.
/// \throws ConfigError with the line, when it can't be read, says something else, or holds nothing
std::vector<ListItem> read_work_list(const std::string& path, const ListForm& form);

}  // namespace zspex::config
