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

  /// The place of the marker that makes a text, and what it says as a number, missing; nil when it is not.
  func index(of parsed: ParsedNumber, _ text: UnsafeBufferPointer<UInt8>) -> Int? {
    if case .number(let value) = parsed { return numbers.isEmpty ? nil : index(of: value) }
    return texts.first { $0.bytes.count == text.count && $0.bytes.elementsEqual(text) }?.marker
  }

  /// The place of the marker that makes a number missing; one of single precision is when the marker rounds to it.
  func index(of value: Double, isSinglePrecision: Bool = false) -> Int? {
    numbers.first { $0.value == value || isSinglePrecision && Double(Float($0.value)) == value }?.marker
  }

  /// Takes note that a marker stood for a value.
  mutating func noteMatch(_ index: Int) { isMatched[index] = true }
}
