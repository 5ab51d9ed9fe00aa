import Foundation
import TestSupport
import Testing

/// Tables as other programs write them: every number of the shards has the bits that python reads in the text.
@Suite(
  .inputs { folder in
    try script(
      """
      import csv, re
      generator = np.random.default_rng(7)
      # Of all magnitudes, with integers, halves and the ends of the range.
      numbers = generator.normal(size=(400, 3)) * 10.0 ** generator.integers(-12, 13, (400, 3))
      numbers[:8, 0] = [0, -0.0, 1, -2.5, 1e15, 123456789, 5e-324, 1.5e308]
      names, sites = ['t', 'y', 'a'], ['St. Anna, "Nord"', 'Süd']

      def fifteen(v): return '%.15g' % v                              # R, data.table, MATLAB
      def julia(v): return re.sub('e([-+]?)0*', r'e\\\\1', repr(v)).replace('e+', 'e') if 'e' in repr(v) else repr(v)

      def write(name, text, quoting=csv.QUOTE_MINIMAL, delimiter=',', index=None, end='\\\\n', header=None):
          rows = [[text(float(v)) for v in row] + [sites[i % 2]] for i, row in enumerate(numbers)]
          with open(name + '.csv', 'w', newline='') as file:
              writer = csv.writer(file, quoting=quoting, delimiter=delimiter, lineterminator=end)
              writer.writerow(([''] if index else []) + names + ['site'])
              for i, row in enumerate(rows): writer.writerow(([index(i)] if index else []) + row)
          values = [[float(v.replace(',', '.')) for v in row[:3]] for row in rows]
          np.save(name, np.array(values))

      write('pandas', repr)                                           # to_csv(index=False)
      write('index', repr, index=str)                                 # to_csv()
      write('european', lambda v: repr(v).replace('.', ','), delimiter=';')  # to_csv(sep=';', decimal=',')
      write('quoted', repr, quoting=csv.QUOTE_ALL)                    # to_csv(quoting=csv.QUOTE_ALL)
      write('windows', repr, end='\\\\r\\\\n')                            # to_csv(lineterminator='\\\\r\\\\n')
      write('r', fifteen, quoting=csv.QUOTE_ALL, index=lambda i: str(i + 1))  # write.csv
      write('fwrite', fifteen)                                        # data.table
      write('julia', julia)                                           # CSV.jl
      write('matlab', fifteen, delimiter='\\\\t')                       # writetable(.., 'Delimiter', 'tab')
      """.replacingOccurrences(of: "\\\\", with: "\\"), in: folder)
  }) struct RoundTripTests
{
  @Test(
    arguments: [
      ("pandas", []), ("index", []), ("european", ["--delimiter", ";", "--decimal-mark", ","]), ("quoted", []),
      ("windows", []), ("r", []), ("fwrite", []), ("julia", []), ("matlab", ["--delimiter", "tab"]),
    ] as [(String, [String])])
  func `every number has the bits of its text`(name: String, options: [String]) throws {
    let result = try givDist(
      [
        "shard", "\(name).csv", "--treatment", "t", "--outcome", "y", "--covariates", "a,site", "--out",
        "\(name)-shards",
      ]
        + options)
    try #require(result.exitCode == 0, "\(result.error)")
    let check = try script(
      """
      wanted = np.load(sys.argv[2] + '.npy')
      with h5py.File(sys.argv[2] + '-shards/shard-00000.h5') as file:
          read = np.column_stack([file['t'][:], file['y'][:], file['x'][:, 0]])
          print(read.shape == wanted.shape, np.array_equal(read.view('u8'), wanted.view('u8')), list(file['x'][:4, 1]))
      """, [name])
    #expect(check.hasPrefix("True True "), "\(check)")
  }
}
