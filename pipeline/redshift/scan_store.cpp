#include "pipeline/redshift/scan_store.hpp"

#include "pipeline/comm/message.hpp"

namespace zspex::pipeline {

std::size_t ScanStore::target_bytes(const std::vector<kernels::Template>& templates, bool coefficients) {
  std::size_t nbytes = 0;
  for (const auto& tmpl : templates)
    nbytes += tmpl.redshifts.size() *
              (2 * sizeof(double) + (coefficients ? static_cast<std::size_t>(tmpl.nbasis()) * sizeof(float) : 0));
  return nbytes;
}

ScanStore::ScanStore(const comm::Communicator& team, const std::vector<kernels::Template>& templates,
                     std::size_t ntarget, bool coefficients)
    : coefficients_(coefficients) {
  std::size_t at = 0;
  const auto take = [&](std::size_t nbytes) {
    const std::size_t here = at;
    at += nbytes;
    return here;
  };
  for (const auto& tmpl : templates) {  // doubles first: floats need no more than they leave
    const std::size_t nz = tmpl.redshifts.size(), n = ntarget * nz * sizeof(double);
    const std::size_t chi2 = take(n), penalty = take(n);
    offsets_.push_back({nz, static_cast<std::size_t>(tmpl.nbasis()), chi2, penalty, 0});
  }
  if (coefficients)
    for (std::size_t it = 0; it < templates.size(); ++it)
      offsets_[it].coeff = take(ntarget * offsets_[it].nz * offsets_[it].nbasis * sizeof(float));
  memory_ = TeamMemory(team, at);
}

template <class F>
void ScanStore::each_row(std::size_t itarget, const F& f) const {
  for (const Offsets& of : offsets_) {
    const auto row = [&](std::size_t offset, std::size_t nbytes) {
      f(memory_.values<std::byte>(offset + itarget * nbytes, nbytes));
    };
    row(of.chi2, of.nz * sizeof(double));
    row(of.penalty, of.nz * sizeof(double));
    if (coefficients_) row(of.coeff, of.nz * of.nbasis * sizeof(float));
  }
}

void ScanStore::append(std::size_t itarget, std::vector<std::byte>& message) const {
  each_row(itarget, [&](std::span<const std::byte> row) { comm::append(row, message); });
}

void ScanStore::take(std::size_t itarget, std::span<const std::byte>& message) const {
  each_row(itarget, [&](std::span<std::byte> row) { comm::take(message, row); });
}

kernels::ScanRows ScanStore::rows(int itemplate) const {
  const Offsets& of = offsets_[static_cast<std::size_t>(itemplate)];
  const auto at = [&](auto value, std::size_t offset) { return memory_.values<decltype(value)>(offset, 0).data(); };
  return {0, of.nz, at(double{}, of.chi2), at(double{}, of.penalty), coefficients_ ? at(float{}, of.coeff) : nullptr};
}

}  // namespace zspex::pipeline
