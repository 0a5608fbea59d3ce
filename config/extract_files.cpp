#include "config/extract_files.hpp"

#include <string>
#include <vector>

#include "config/work_list.hpp"
#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::config {
namespace {

using Files = std::vector<std::string>;

/// What the items say of a key: all of them, or none, and it is given beside the list.
void take(const std::vector<ListItem>& items, const std::string& key, Files& files) {
  Files own;
  for (const ListItem& item : items)
    if (std::string file = item.one_of(key); !file.empty()) own.push_back(std::move(file));
  if (own.empty()) return;
  if (own.size() != items.size())
    throw ConfigError(
        "configuration", "extract.list",
        fmt::format("expected {} of every frame, or of none, found it of {} of {}", key, own.size(), items.size()));
  if (!files.empty())
    throw ConfigError("configuration", "extract." + key,
                      "expected nothing where the list names it for every frame, found " + files.front() +
                          "; take one of the two out");
  files = std::move(own);
}

}  // namespace

ExtractConfig with_all_frames(const ExtractConfig& config, std::vector<std::string>* where) {
  if (config.list.empty()) return config;
  static const ListForm form{"extract.list", {"input", "psf", "output"}, 1, "PREPROC PSF [OUTPUT]", {"model"}};
  const auto items = read_work_list(config.list, form);
  ExtractConfig frames = config;
  take(items, "input", frames.input);
  take(items, "psf", frames.psf);
  take(items, "output", frames.output);
  take(items, "model", frames.model);
  if (where != nullptr)
    for (const ListItem& item : items) where->push_back(item.where);
  return frames;
}

ExtractConfig with_frames_of_list(const ExtractConfig& config) {
  ExtractConfig frames = with_all_frames(config);
  const std::size_t nframe = frames.input.size();
  for (Files* files : {&frames.psf, &frames.output, &frames.model})
    // Not what all frames share: one PSF, one folder.
    if (files->size() == nframe && nframe > 1) *files = config.part.of(*files);
  frames.input = config.part.of(frames.input);
  return frames;
}

}  // namespace zspex::config
