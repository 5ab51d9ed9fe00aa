// Swift cannot import HDF5's macro constants, which call functions or cast; each becomes a function here.
#pragma once
#include <hdf5.h>

static inline hid_t giv_h5t_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t giv_h5t_ieee_f64le(void) { return H5T_IEEE_F64LE; }
static inline hid_t giv_h5t_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t giv_h5t_native_uint64(void) { return H5T_NATIVE_UINT64; }
static inline hid_t giv_h5t_std_i64le(void) { return H5T_STD_I64LE; }
static inline hid_t giv_h5t_std_u64le(void) { return H5T_STD_U64LE; }
static inline hid_t giv_h5t_std_i32le(void) { return H5T_STD_I32LE; }
static inline hid_t giv_h5t_native_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t giv_h5t_native_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t giv_h5t_std_u8le(void) { return H5T_STD_U8LE; }
static inline hid_t giv_h5t_c_s1(void) { return H5T_C_S1; }
static inline size_t giv_h5t_variable(void) { return H5T_VARIABLE; }
static inline hsize_t giv_h5s_unlimited(void) { return H5S_UNLIMITED; }
static inline hid_t giv_h5s_all(void) { return H5S_ALL; }
static inline haddr_t giv_h5_undefined_address(void) { return HADDR_UNDEF; }
static inline hid_t giv_h5p_default(void) { return H5P_DEFAULT; }
static inline unsigned giv_h5f_acc_rdonly(void) { return H5F_ACC_RDONLY; }
static inline unsigned giv_h5f_acc_rdwr(void) { return H5F_ACC_RDWR; }
static inline unsigned giv_h5f_acc_excl(void) { return H5F_ACC_EXCL; }
static inline unsigned giv_h5f_acc_trunc(void) { return H5F_ACC_TRUNC; }
static inline hid_t giv_h5p_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t giv_h5p_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t giv_h5p_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t giv_h5p_link_create(void) { return H5P_LINK_CREATE; }
static inline hid_t giv_h5p_group_create(void) { return H5P_GROUP_CREATE; }
static inline hid_t giv_h5p_dataset_access(void) { return H5P_DATASET_ACCESS; }
static inline hid_t giv_h5e_default(void) { return H5E_DEFAULT; }

// H5Ovisit and its types are macros that change their meaning with the version of the library.
typedef struct {
    void (*found)(const char *name, void *context);
    void *context;
} giv_h5_dataset_visitor;

static inline herr_t giv_h5_visit_object(hid_t object, const char *name, const H5O_info_t *info, void *visitor)
{
    const giv_h5_dataset_visitor *receiver = (const giv_h5_dataset_visitor *)visitor;
    (void)object;
    if (info->type == H5O_TYPE_DATASET)
        receiver->found(name, receiver->context);
    return 0;
}

// Calls `found` with the path of every dataset below `file`, in the order of names.
static inline herr_t giv_h5_visit_datasets(hid_t file, giv_h5_dataset_visitor *visitor)
{
#if H5_VERSION_GE(1, 12, 0)
    return H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, giv_h5_visit_object, visitor, H5O_INFO_BASIC);
#else
    return H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, giv_h5_visit_object, visitor);
#endif
}
