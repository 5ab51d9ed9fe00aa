/// What stands for a missing value: texts and, where one is a number, every way to write that number.
struct MissingMarkers {
  private struct Text {
    let bytes: [UInt8]
    let marker: Int
  }

  private struct Number {
    let value: Double
    let marker: Int
  }

  /// The markers as they were given.
  private let markers: [String]
  private var texts: [Text] = []
  private var numbers: [Number] = []
  private var isMatched: [Bool]

  init(_ markers: [String], _ parser: NumberParser) {
    self.markers = markers
    isMatched = markers.map { _ in false }
    for (index, marker) in markers.enumerated() {
      var text = marker
      // Whoever reads decimal commas may still give a marker with a point.
      if case .number(let value) = text.withUTF8({ parseNumber($0) }) {
        numbers.append(Number(value: value, marker: index))
      } else if case .number(let value) = text.withUTF8(parser.parse) {
        numbers.append(Number(value: value, marker: index))
      }
      texts.append(Text(bytes: Array(marker.utf8), marker: index))
    }
  }

  /// The markers that stood for some value.
  var matched: Set<String> { Set(zip(markers, isMatched).filter(\.1).map(\.0)) }

  /// Whether a text, and what it says as a number, is missing.
  mutating func match(_ parsed: ParsedNumber, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    if case .number(let value) = parsed { return match(value) }
    for marker in texts where marker.bytes.count == text.count && marker.bytes.elementsEqual(text) {
      isMatched[marker.marker] = true
      return true
    }
    return false
  }

  /// Whether a number is missing; one of single precision is when the marker rounds to it.
  mutating func match(_ value: Double, isSinglePrecision: Bool = false) -> Bool {
    for number in numbers
    where number.value == value || isSinglePrecision && Double(Float(number.value)) == value {
      isMatched[number.marker] = true
      return true
    }
    return false
  }
}
