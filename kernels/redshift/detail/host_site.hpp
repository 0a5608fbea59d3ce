/// \file
/// Fits on the host's cores.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kernels/redshift/detail/engine.hpp"
#include "kernels/redshift/fit_site.hpp"

namespace zspex::kernels::detail {

class HostSite final : public FitSite {
 public:
  /// \param apart  has its own copies, as a device would: stands for one where there is none
  HostSite(std::shared_ptr<const Engine> engine, bool apart) : engine_(std::move(engine)), apart_(apart) {}

  const char* name() const override { return apart_ ? "host in place of a device" : "host"; }
  SiteMemory allocate(std::size_t nbytes) const override;
  void copy_in(std::byte* to, std::span<const std::byte> from) const override;
  void set_targets(const PackedTargets& packed, std::span<const std::byte> memory) override;
  void rebin(int itemplate, int first, int nz, std::byte* slice) const override;
  void scan(int itemplate, int first, int nz, const std::byte* slice, TargetRange targets,
            const ScanRows& rows) const override;
  void convolve(int itemplate, int nz, const std::byte* slice, std::size_t itarget, std::byte* columns) const override;
  void fit_columns(int itemplate, int first, int nz, const std::byte* host_slice, const std::byte* columns,
                   std::size_t itarget, const ScanRows& rows) const override;
  void finish() const override {}
  void fit_groups(int itemplate, std::span<FitGroup> groups) const override;

  const std::vector<PackedTarget>& targets() const { return targets_; }

 private:
  std::shared_ptr<const Engine> engine_;
  bool apart_;
  SiteMemory own_;
  std::vector<PackedTarget> targets_;
};

}  // namespace zspex::kernels::detail
