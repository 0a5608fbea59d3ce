/* What is called of the CUDA driver, looked up in libcuda.so.1 when it is first called: a program that is linked with this
   starts where there is no driver, and is told so by the first call. cmake/ZspexCuda.cmake puts it before the driver's library. */
#define _GNU_SOURCE
#include <cuda.h>
#include <dlfcn.h>

static void* driver_function(const char* name) {
  static void* driver;
  if (!driver) driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  return driver ? dlsym(driver, name) : 0;
}

/* cuda.h gives some functions another name, cuCtxPushCurrent_v2: the macro's argument is expanded before it is made a text. */
#define TEXT(name) #name
#define FORWARD(name, parameters, arguments)                                      \
  CUresult CUDAAPI name parameters {                                              \
    static CUresult (*real) parameters;                                           \
    if (!real) *(void**)&real = driver_function(TEXT(name));                      \
    return real ? real arguments : CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND;     \
  }

/* Kokkos 4.x and 5.x, and kernels/base/session.cpp. */
FORWARD(cuStreamGetCtx, (CUstream stream, CUcontext* context), (stream, context))
FORWARD(cuCtxPushCurrent, (CUcontext context), (context))
FORWARD(cuCtxGetDevice, (CUdevice* device), (device))
FORWARD(cuDeviceGet, (CUdevice* device, int number), (device, number))
FORWARD(cuDeviceGetUuid_v2, (CUuuid* uuid, CUdevice device), (uuid, device))
