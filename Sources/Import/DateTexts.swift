/// Whether a text is a date, with a time or without: `2020-01-31`, `31.01.2020`, `1/31/20`, `31-Jan-2020`, `31JAN2020`.
func isDate(_ text: String) -> Bool {
  isDateOfDigits(text) || isDateWithMonth(text)
}

/// Whether a text is a time of day: `12:30`, `12:30:15.5`, `1:05 pm`.
func isTime(_ text: some StringProtocol) -> Bool {
  let parts = text.split(separator: ":", omittingEmptySubsequences: false)
  guard (2...3).contains(parts.count), (1...2).contains(parts[0].count), Int(parts[0]) != nil else { return false }
  return parts[1].prefix(2).count == 2 && Int(parts[1].prefix(2)).map { (0..<60).contains($0) } == true
}

/// Three numbers with one mark between them, of which one may be a year, one a month and one a day.
private func isDateOfDigits(_ text: String) -> Bool {
  let date = text.prefix { $0 != " " && $0 != "T" }
  let time = text.dropFirst(date.count + 1)
  guard time.isEmpty || isTime(time), let mark = date.first(where: { "-/.".contains($0) }) else { return false }
  let parts = date.split(separator: mark, omittingEmptySubsequences: false)
  let numbers = parts.compactMap { Int($0) }
  guard parts.count == 3, numbers.count == 3, parts.allSatisfy({ $0.allSatisfy(\.isNumber) }) else { return false }
  let (days, months) = (1...31, 1...12)
  if parts[0].count == 4 { return months.contains(numbers[1]) && days.contains(numbers[2]) }
  return [2, 4].contains(parts[2].count) && parts[0].count <= 2 && parts[1].count <= 2
    && days.contains(numbers[0]) && days.contains(numbers[1]) && months.contains(min(numbers[0], numbers[1]))
}

/// A day, a year and the English name of a month, in any order.
private func isDateWithMonth(_ text: String) -> Bool {
  // SAS writes them without marks between: 31JAN2020.
  let words = text.split { "-/., ".contains($0) }
  let parts =
    words.count == 1 && [7, 9].contains(text.count)
    ? [text.prefix(2), text.dropFirst(2).prefix(3), text.dropFirst(5)] : words.prefix(3)
  guard parts.count == 3 else { return false }
  return parts.count { Int($0) != nil } == 2 && parts.contains { monthNames.contains($0.prefix(3).lowercased()) }
}

private let monthNames: Set<String> = [
  "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
]
