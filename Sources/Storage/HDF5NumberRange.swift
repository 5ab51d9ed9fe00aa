internal import CHDF5

/// What the values of a type are, as far as another type must be able to hold them.
enum HDF5NumberRange {
  /// Whether every value of a type is one of another too. The lock is held.
  static func holds(_ wide: hid_t, _ narrow: hid_t) -> Bool {
    if H5Tequal(wide, narrow) > 0 { return true }
    switch (H5Tget_class(wide), H5Tget_class(narrow)) {
    case (H5T_STRING, H5T_STRING):
      let isVariable = H5Tis_variable_str(wide) > 0
      return isVariable == (H5Tis_variable_str(narrow) > 0) && (isVariable || H5Tget_size(wide) >= H5Tget_size(narrow))
    case (H5T_FLOAT, H5T_FLOAT): return mantissa(wide) >= mantissa(narrow) && exponent(wide) >= exponent(narrow)
    case (H5T_FLOAT, H5T_INTEGER): return mantissa(wide) + 1 >= magnitude(narrow)
    case (H5T_INTEGER, H5T_INTEGER):
      let isSigned = H5Tget_sign(wide) == H5T_SGN_2
      return (isSigned || H5Tget_sign(narrow) == H5T_SGN_NONE) && magnitude(wide) >= magnitude(narrow)
    default: return false
    }
  }

  private static func magnitude(_ type: hid_t) -> Int {
    H5Tget_precision(type) - (H5Tget_sign(type) == H5T_SGN_2 ? 1 : 0)
  }

  private static func mantissa(_ type: hid_t) -> Int { fields(type).mantissa }
  private static func exponent(_ type: hid_t) -> Int { fields(type).exponent }

  private static func fields(_ type: hid_t) -> (mantissa: Int, exponent: Int) {
    var (sign, exponentPlace, exponent, mantissaPlace, mantissa) = (0, 0, 0, 0, 0)
    _ = H5Tget_fields(type, &sign, &exponentPlace, &exponent, &mantissaPlace, &mantissa)
    return (mantissa, exponent)
  }
}
