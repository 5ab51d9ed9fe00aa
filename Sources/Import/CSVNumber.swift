/// What a text says when it is read as a number.
package enum ParsedNumber: Equatable {
  case number(Double)
  /// An infinity or NaN, spelled out or by overflow (`1e999`).
  case notFinite
  case notANumber
}

/// Reads a decimal number, rounded to the nearest `Double` (ties to even), whatever the locale.
///
/// The whole text must be `[+-] digits [. digits] [e [+-] digits]`, blanks around it allowed; nothing is skipped.
/// Hexadecimal numbers and digit separators are not numbers. The point may be another byte, the decimal mark.
///
/// Numbers of up to 53 bits and a power of ten in -22 ... 22 take one product or quotient of doubles that are exact.
/// Those of up to 19 digits and a power in -27 ... 27 take one exact integer product or quotient of 128 bits: 5^27 < 2^64,
/// so the rounding sees the exact remainder. All others go through the standard library.
package func parseNumber(
  _ text: UnsafeBufferPointer<UInt8>, decimalMark: UInt8 = UInt8(ascii: ".")
) -> ParsedNumber {
  let bytes = trimmed(text)
  var position = 0
  let isNegative = bytes.first == Byte.minus
  if isNegative || bytes.first == Byte.plus { position = 1 }

  var digits = DecimalDigits()
  let integerDigits = digits.scan(bytes, &position)
  var fractionDigits = 0
  if position < bytes.count, bytes[position] == decimalMark {
    position += 1
    fractionDigits = digits.scan(bytes, &position)
  }
  guard integerDigits + fractionDigits > 0 else { return namesNonFinite(bytes) ? .notFinite : .notANumber }
  guard let exponent = scanExponent(bytes, &position), position == bytes.count else { return .notANumber }

  if digits.mantissa == 0 && digits.isExact { return .number(isNegative ? -0.0 : 0) }
  let power = exponent - fractionDigits
  guard digits.isExact, abs(power) <= 27 else { return parseWithStandardLibrary(bytes, decimalMark) }
  if digits.mantissa <= 1 << 53, abs(power) <= 22 {
    let exact = Double(digits.mantissa)
    let magnitude = power >= 0 ? exact * powersOfTen[power] : exact / powersOfTen[-power]
    return .number(isNegative ? -magnitude : magnitude)
  }
  let magnitude =
    power >= 0
    ? roundedProduct(digits.mantissa, powersOfFive[power], exponent: power)
    : roundedQuotient(digits.mantissa, powersOfFive[-power], exponent: power)
  return .number(isNegative ? -magnitude : magnitude)
}

/// The text without blanks at its ends.
func trimmed(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
  var start = 0
  var end = text.count
  while start < end, text[start] == Byte.space || text[start] == Byte.tab { start += 1 }
  while end > start, text[end - 1] == Byte.space || text[end - 1] == Byte.tab { end -= 1 }
  return UnsafeBufferPointer(rebasing: text[start..<end])
}

/// The digits of a number as one integer.
private struct DecimalDigits {
  var mantissa: UInt64 = 0
  /// Digits since the first one that is not zero.
  var significant = 0
  /// Nineteen digits fit into 64 bits.
  var isExact: Bool { significant <= 19 }

  /// Takes digits from `position` on; returns how many. The mantissa of more than nineteen is of no use.
  mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> Int {
    let start = position
    if significant == 0 {
      while position < bytes.count, bytes[position] == Byte.zero { position += 1 }
    }
    let first = position
    while position < bytes.count {
      let digit = bytes[position] &- Byte.zero
      guard digit <= 9 else { break }
      mantissa = mantissa &* 10 &+ UInt64(digit)
      position += 1
    }
    significant += position - first
    return position - start
  }
}

/// The exponent after `e`, 0 when there is none, nil when it has no digits; large ones are cut at a million.
private func scanExponent(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> Int? {
  guard position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") else { return 0 }
  position += 1
  guard position < bytes.count else { return nil }
  let isNegative = bytes[position] == Byte.minus
  if isNegative || bytes[position] == Byte.plus { position += 1 }
  let start = position
  var exponent = 0
  while position < bytes.count {
    let digit = bytes[position] &- Byte.zero
    guard digit <= 9 else { break }
    exponent = min(exponent * 10 + Int(digit), 1_000_000)
    position += 1
  }
  guard position > start else { return nil }
  return isNegative ? -exponent : exponent
}

private func parseWithStandardLibrary(_ bytes: UnsafeBufferPointer<UInt8>, _ decimalMark: UInt8) -> ParsedNumber {
  let text = bytes.map { $0 == decimalMark ? Byte.point : $0 }
  guard let value = Double(String(decoding: text, as: UTF8.self)) else { return .notANumber }
  return value.isFinite ? .number(value) : .notFinite
}

private func namesNonFinite(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
  guard (3...9).contains(bytes.count), "+-inIN".utf8.contains(bytes[0]) else { return false }
  let word = String(decoding: bytes, as: UTF8.self).lowercased().drop { $0 == "+" || $0 == "-" }
  return ["inf", "infinity", "nan"].contains(word)
}

/// 10^22 = 5^22 2^22 and 5^22 < 2^53, so that all are exact.
private let powersOfTen: [Double] = (0...22).map { (0..<$0).reduce(1) { power, _ in power * 10 } }

private let powersOfFive: [UInt64] = (0...27).map { (0..<$0).reduce(1) { power, _ in power * 5 } }

/// a b 2^exponent, rounded; a and b are not 0.
private func roundedProduct(_ a: UInt64, _ b: UInt64, exponent: Int) -> Double {
  let (high, low) = a.multipliedFullWidth(by: b)
  guard high > 0 else {
    let shift = low.leadingZeroBitCount
    return rounded(low << shift, hasRemainder: false, exponent: exponent - shift)
  }
  let shift = high.leadingZeroBitCount
  let top = shift == 0 ? high : high << shift | low >> (64 - shift)
  return rounded(top, hasRemainder: low << shift != 0, exponent: exponent + 64 - shift)
}

/// a / b 2^exponent, rounded; a and b are not 0.
private func roundedQuotient(_ a: UInt64, _ b: UInt64, exponent: Int) -> Double {
  let shift = (a: a.leadingZeroBitCount, b: b.leadingZeroBitCount)
  let dividend = a << shift.a
  let divisor = b << shift.b
  // Halved where needed, so that the quotient lies in 2^63 ..< 2^64.
  let halved = dividend >= divisor ? 1 : 0
  let words = halved == 1 ? (dividend >> 1, dividend << 63) : (dividend, 0)
  let (quotient, remainder) = divisor.dividingFullWidth(words)
  return rounded(quotient, hasRemainder: remainder != 0, exponent: exponent - 64 + halved + shift.b - shift.a)
}

/// (mantissa + remainder) 2^exponent to 53 bits, ties to even; 0 <= remainder < 1 and the mantissa's top bit is set.
private func rounded(_ mantissa: UInt64, hasRemainder: Bool, exponent: Int) -> Double {
  var kept = mantissa >> 11
  let cut = mantissa & 0x7FF
  if cut > 0x400 || (cut == 0x400 && (hasRemainder || kept & 1 == 1)) { kept += 1 }
  return Double(kept) * Double(sign: .plus, exponent: exponent + 11, significand: 1)
}
