// Swift cannot import HDF5's macro constants, which call functions or cast; each becomes a function here.
#pragma once
#include <hdf5.h>

static inline hid_t giv_h5t_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t giv_h5t_ieee_f64le(void) { return H5T_IEEE_F64LE; }
static inline hid_t giv_h5t_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t giv_h5t_std_i64le(void) { return H5T_STD_I64LE; }
static inline hid_t giv_h5t_std_i32le(void) { return H5T_STD_I32LE; }
static inline hid_t giv_h5t_native_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t giv_h5t_c_s1(void) { return H5T_C_S1; }
static inline size_t giv_h5t_variable(void) { return H5T_VARIABLE; }
static inline hsize_t giv_h5s_unlimited(void) { return H5S_UNLIMITED; }
static inline hid_t giv_h5s_all(void) { return H5S_ALL; }
static inline hid_t giv_h5p_default(void) { return H5P_DEFAULT; }
static inline unsigned giv_h5f_acc_rdonly(void) { return H5F_ACC_RDONLY; }
static inline unsigned giv_h5f_acc_rdwr(void) { return H5F_ACC_RDWR; }
static inline unsigned giv_h5f_acc_excl(void) { return H5F_ACC_EXCL; }
static inline unsigned giv_h5f_acc_trunc(void) { return H5F_ACC_TRUNC; }
static inline hid_t giv_h5p_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t giv_h5p_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t giv_h5p_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t giv_h5p_link_create(void) { return H5P_LINK_CREATE; }
