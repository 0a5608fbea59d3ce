// Only in sanitizer builds. MPI unloads its plugins before the program ends; memory that they leave then can't be told from
// ours, because the leak checker no longer knows where they were. Kept loaded, they have names, and cmake/lsan.supp applies.
extern "C" int dlclose(void* /*library*/) { return 0; }
