/* A tool for Kokkos: seconds and number of each region, kernel, copy and allocation. Kokkos fences around each while a tool looks on, so
   that the times are the device's own.

     KOKKOS_TOOLS_LIBS=.../libkernel_timer.so ZSPEX_KERNEL_TIMES=times.txt zspex ...

   The table is added to that file (without one: to standard error) when the program ends. The functions' names and parameters
   are those of Kokkos' profiling interface (Kokkos_Profiling_C_Interface.h). Calls come from one thread. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { most_rows = 512, most_open = 64, name_length = 160 };

struct row {
  char name[name_length];
  double seconds;
  uint64_t count, bytes;
};
static struct row rows[most_rows + 1]; /* the last one for all that found no place */
static int nrow;

/* What has begun and not ended; one may begin within another. */
static struct {
  struct row* row;
  double begin;
} open_calls[most_open];
static uint64_t depth;
static double start;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static struct row* find(const char* kind, const char* name) {
  char key[name_length];
  snprintf(key, sizeof key, "%-9s %s", kind, name);
  for (int i = 0; i < nrow; ++i)
    if (strcmp(rows[i].name, key) == 0) return &rows[i];
  if (nrow == most_rows) {
    strcpy(rows[most_rows].name, "all others");
    return &rows[most_rows];
  }
  strcpy(rows[nrow].name, key);
  return &rows[nrow++];
}

static void begin(struct row* row, uint64_t* id) {
  *id = depth++ % most_open;
  open_calls[*id].row = row;
  open_calls[*id].begin = now();
}

static void end(uint64_t id) {
  struct row* row = open_calls[id % most_open].row;
  if (!row) return;
  row->seconds += now() - open_calls[id % most_open].begin;
  ++row->count;
  if (depth > 0) --depth;
}

typedef struct {
  char name[64];
} space;

void kokkosp_init_library(int sequence, uint64_t version, uint32_t ndevice, void* devices) {
  (void)sequence, (void)version, (void)ndevice, (void)devices;
  start = now();
}

void kokkosp_begin_parallel_for(const char* name, uint32_t device, uint64_t* id) {
  (void)device;
  begin(find("for", name), id);
}
void kokkosp_end_parallel_for(uint64_t id) { end(id); }

void kokkosp_begin_parallel_reduce(const char* name, uint32_t device, uint64_t* id) {
  (void)device;
  begin(find("reduce", name), id);
}
void kokkosp_end_parallel_reduce(uint64_t id) { end(id); }

void kokkosp_begin_parallel_scan(const char* name, uint32_t device, uint64_t* id) {
  (void)device;
  begin(find("scan", name), id);
}
void kokkosp_end_parallel_scan(uint64_t id) { end(id); }

static uint64_t copy_id;

void kokkosp_begin_deep_copy(space to, const char* to_name, const void* to_address, space from, const char* from_name,
                             const void* from_address, uint64_t size) {
  (void)to_name, (void)to_address, (void)from_name, (void)from_address;
  char spaces[2 * sizeof to.name + 8];
  snprintf(spaces, sizeof spaces, "%s to %s", from.name, to.name);
  struct row* row = find("copy", spaces);
  row->bytes += size;
  begin(row, &copy_id);
}
void kokkosp_end_deep_copy(void) { end(copy_id); }

void kokkosp_allocate_data(space in, const char* label, const void* address, uint64_t size) {
  (void)label, (void)address;
  struct row* row = find("allocate", in.name);
  ++row->count;
  row->bytes += size;
}

/* Regions hold kernels, copies and other regions: their seconds are not part of the sum. */
static const char region_kind[] = "region";
static uint64_t open_regions[most_open];
static uint64_t region_depth;

void kokkosp_push_profile_region(const char* name) {
  const uint64_t at = region_depth++ % most_open;
  begin(find(region_kind, name), &open_regions[at]);
}
void kokkosp_pop_profile_region(void) {
  if (region_depth > 0) end(open_regions[--region_depth % most_open]);
}

static int by_seconds(const void* a, const void* b) {
  const double mine = ((const struct row*)a)->seconds, other = ((const struct row*)b)->seconds;
  return (mine < other) - (mine > other);
}

void kokkosp_finalize_library(void) {
  const char* path = getenv("ZSPEX_KERNEL_TIMES");
  FILE* file = path ? fopen(path, "a") : stderr;
  if (!file) {
    perror(path);
    file = stderr;
  }
  if (rows[most_rows].count > 0) ++nrow;
  qsort(rows, (size_t)nrow, sizeof rows[0], by_seconds);
  double all = 0;
  for (int i = 0; i < nrow; ++i)
    if (strncmp(rows[i].name, region_kind, strlen(region_kind)) != 0) all += rows[i].seconds;
  fprintf(file, "# %.4f s from start to end of Kokkos, %.4f s in kernels and copies\n#   seconds        n         MiB  what\n",
          now() - start, all);
  for (int i = 0; i < nrow; ++i)
    fprintf(file, "%11.5f %8llu %11.3f  %s\n", rows[i].seconds, (unsigned long long)rows[i].count, (double)rows[i].bytes / 1048576,
            rows[i].name);
  if (file != stderr) fclose(file);
}
