/// \file
/// Names of temporary files, and which of them exist now.
#pragma once

#include <functional>
#include <string>

namespace zspex::io::detail {

/// ".NAME.HOST.PID.N.tmp" in the folder of `target`: no other process makes it, on any node that shares the folder.
std::string temporary_name(const std::string& target);

/// Makes what abandon_outputs() removes, a file or a folder, unless it returns false.
bool make_live(const std::string& path, const std::function<bool()>& make);
/// It has its name, or is gone.
void forget(const std::string& path);

}  // namespace zspex::io::detail
