/// HTML that is safe to put into a page: texts are escaped where they are put into it.
///
/// ```swift
/// let line: HTML = "<p>\(text)</p>"      // text is escaped, other HTML is not
/// ```
package struct HTML: Sendable, Equatable, ExpressibleByStringInterpolation {
  package let source: String

  /// - Parameter source: HTML already.
  package init(source: String) { self.source = source }

  package init(stringLiteral value: String) { source = value }

  package init(stringInterpolation: StringInterpolation) { source = stringInterpolation.source }

  /// Parts one after another, each on a line of its own.
  package init(_ parts: [HTML]) { source = parts.map(\.source).joined(separator: "\n") }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var source = ""

    package init(literalCapacity: Int, interpolationCount: Int) { source.reserveCapacity(literalCapacity) }

    package mutating func appendLiteral(_ literal: String) { source += literal }
    package mutating func appendInterpolation(_ text: String) { source += HTML.escaped(text) }
    package mutating func appendInterpolation(_ number: Double) { source += "\(number)" }
    package mutating func appendInterpolation(_ number: Int) { source += "\(number)" }
    package mutating func appendInterpolation(_ html: HTML) { source += html.source }
    package mutating func appendInterpolation(_ parts: [HTML]) { source += HTML(parts).source }
  }

  /// A text as HTML shows it, between tags and in attributes; characters that no page may hold become U+FFFD.
  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      case "\n", "\t": escaped.unicodeScalars.append(scalar)
      case "\u{0}"..<" ", "\u{7F}"..<"\u{A0}": escaped += "\u{FFFD}"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
