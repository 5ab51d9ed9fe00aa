internal import CHDF5
import Diagnostics
import Glibc

/// The one gate to libhdf5: every call goes through ``check(_:on:_:_:)``, which holds the lock and reads the error
/// stack.
///
/// libhdf5 is often built without thread safety, so one lock serialises all calls of the process. It is recursive
/// because the library calls back into Swift, where a handle may close.
enum HDF5Library {
  private static let mutex = RecursiveMutex()

  /// Handles close their objects; the library's own clean-up at exit would try again what failed, and complain.
  private static let prepared: Void = { _ = H5dont_atexit() }()

  /// Runs `body` while no other thread is inside the library.
  static func locked<Result: ~Copyable>(_ body: () throws -> Result) rethrows -> Result {
    mutex.lock()
    defer { mutex.unlock() }
    prepared
    // The library's own printing is off; builds with thread safety keep this setting for each thread.
    H5Eset_auto2(giv_h5e_default(), nil, nil)
    return try body()
  }

  /// Runs one call of the library and returns what it returned.
  ///
  /// - Parameters:
  ///   - call: the name of the C function.
  ///   - subject: the file, and the dataset or attribute, that the call works on.
  /// - Throws: ``Failure`` when the call returned a negative number, with the library's own account of the reason.
  @discardableResult
  static func check<Status: SignedInteger>(
    _ call: String, on subject: String, _ exitCode: ExitCode, _ body: () -> Status
  ) throws -> Status {
    try locked {
      let status = body()
      guard status < 0 else { return status }
      throw Failure(exitCode, "\(subject): \(call) failed: \(errorStack())")
    }
  }

  /// The innermost entries of the error stack, in words; empties the stack.
  private static func errorStack() -> String {
    var entries: [String] = []
    withUnsafeMutablePointer(to: &entries) { pointer in
      _ = H5Ewalk2(
        giv_h5e_default(), H5E_WALK_UPWARD,
        { _, entry, context in
          if let text = entry?.pointee.desc {
            context!.assumingMemoryBound(to: [String].self).pointee.append(String(cString: text))
          }
          return 0
        }, pointer)
    }
    H5Eclear2(giv_h5e_default())
    return explained(entries.isEmpty ? "no reason given" : entries.prefix(2).joined(separator: ", "))
  }

  /// What to do about the failures that users meet, by words of the library's account.
  private static let remedies =
    WriteFailure.remedies.map { (words: "errno = \($0),", remedy: $1) } + [
      (
        words: "errno = 11,",
        remedy: "another process writes the file, or the file system has no locks: "
          + "then set the environment variable HDF5_USE_FILE_LOCKING=FALSE"
      ),
      (
        words: "bad version number for hyperslab selection",
        remedy:
          "a later HDF5 wrote this virtual dataset: write it for version 1.10 (in h5py: libver=('earliest', 'v110')), "
          + "or copy its values into a dataset"
      ),
      (
        words: "bad version number",
        remedy: "if a later HDF5 wrote the file, write it for version 1.10 (in h5py: libver=('earliest', 'v110'))"
      ),
      (words: "unable to open external file", remedy: "a link leads there: put the file beside this one"),
      (words: "component not found", remedy: "a link leads to what is not there: write the dataset itself"),
      (words: "truncated file", remedy: "copy or write the file again"),
      (words: "checksum", remedy: "the file is damaged: copy or write it again"),
    ]

  /// An account on one line, with the remedy where there is one.
  private static func explained(_ account: String) -> String {
    let remedy = remedies.first { account.contains($0.words) }.map { "; \($0.remedy)" } ?? ""
    // When the system refused, its own words say all; the library adds times and addresses to them.
    let words = account.firstMatch(of: /error message = '([^']*)'/)?.1 ?? account[...]
    return words + remedy
  }
}

/// A lock that the thread holding it may take again.
private final class RecursiveMutex: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() {
    var attributes = pthread_mutexattr_t()
    pthread_mutexattr_init(&attributes)
    pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_RECURSIVE))
    pthread_mutex_init(mutex, &attributes)
    pthread_mutexattr_destroy(&attributes)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  func lock() { pthread_mutex_lock(mutex) }
  func unlock() { pthread_mutex_unlock(mutex) }
}
