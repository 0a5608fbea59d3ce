/// \file
/// What each rank is to a job: on which node, with which GPU.
#pragma once

#include <string>
#include <vector>

#include "pipeline/comm/communicator.hpp"
#include "pipeline/nearness.hpp"

namespace zspex::pipeline {

/// Plain numbers: travels as it is.
struct Role {
  int node = 0;           ///< nodes are counted by their lowest rank
  bool on_gpu = false;    ///< uses a GPU, or the host fallback
  int device = -1;        ///< number of the GPU among those that this rank sees; -1: none, or the host fallback
  int ranks_per_gpu = 1;  ///< ranks that use the same GPU
};

/// For tables: the number of its GPU, "(0)" for the host fallback, or "-".
std::string gpu_text(const Role& role);

/// Of all ranks, the same on all.
struct Roles {
  std::vector<Role> ranks;
  int nnode = 1;
  int gpus = 0;  ///< of this node, as far as its ranks see them; without a GPU in the program 1, the host fallback
  double node_share = 1,
         gpu_share = 1;  ///< of the memory of a node, and of a GPU: the rest is for other groups of ranks

  int ranks_of(int node) const;
  int gpu_ranks_of(int node) const;
};

enum class GpuUse { none, some_if_any, some, all };

/// What a job wants.
struct GpuRequest {
  GpuUse use = GpuUse::none;
  int gpu_ranks = 0;      ///< of each node; 0 = one per GPU
  std::string key;        ///< "extract.gpu_ranks", for messages
  std::string otherwise;  ///< what to do without a GPU: "use --device cpu"
  int max_gpu_ranks = 0;  ///< of each node, where gpu_ranks is 0; 0 = no limit
};

/// \throws ConfigError when a node has fewer GPUs, or fewer ranks, than `gpu_ranks`; it names `key`
void check_gpus_suffice(const std::string& key, int gpu_ranks, int ngpu);
void check_ranks_suffice(const std::string& key, int gpu_ranks, int nrank);

/// How many ranks of a node use a GPU: `gpu_ranks`, or if that is 0 one per GPU, at most `most` (0: no limit).
int choose_gpu_ranks(int gpu_ranks, int most, int ngpu, int nrank);

/// Which ranks use a GPU, and which one. Slurm's binding and CUDA_VISIBLE_DEVICES (ROCR_VISIBLE_DEVICES) narrow what a rank
/// sees, and are obeyed.
/// - all: each GPU has as many of the node's ranks as any other, near ones first; else they take them one after the other, and round again
/// - some: gpu_ranks of each node, or if that is 0 as many as there are GPUs, max_gpu_ranks at most; one per GPU, a near one if there
///   is any, spread over the node's ranks
/// - some_if_any: the same, or none where there is no GPU, or the program wasn't built for one
/// In a program without a GPU the host otherwise takes the place of one GPU per node, which ranks may share (host fallback).
/// \param visible      the GPUs that this rank sees, see_gpus()
/// \param gpu_program  whether the program was built for a GPU
/// \throws AgreedError when there are fewer GPUs than GPU ranks, or none at all. Collective.
Roles assign_roles(const comm::Communicator& world, const comm::Communicator& node, const GpuRequest& request,
                   const VisibleGpus& visible, bool gpu_program);

}  // namespace zspex::pipeline
