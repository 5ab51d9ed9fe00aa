import Foundation
import Testing

/// All numbers of JSON, to the last bit.
func numbers(ofJSON json: String) -> Set<Double> {
  Set(json.matches(of: /[:\[,](-?[0-9][0-9.eE+-]*)/).compactMap { Double($0.1) })
}

/// The numbers in tables of a page that say to be of a run's report.
func tableNumbers(ofPage page: String) throws -> [Double] {
  try page.matches(of: /(?s)<table data-source="report.json">.*?<\/table>/).flatMap { table in
    try table.0.matches(of: /<td><data value="([^"]*)">/).map { try #require(Double(String($0.1))) }
  }
}
