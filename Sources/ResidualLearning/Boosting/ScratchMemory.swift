#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Memory of a fixed number of numbers, made once for many rounds; it does not start at any value.
///
/// Aligned to a cache line; from 4 MiB on to a huge page, which the kernel is asked to use.
final class ScratchMemory<Element: BitwiseCopyable> {
  /// The first number.
  let base: UnsafeMutablePointer<Element>
  /// Number of numbers.
  let count: Int

  init(_ count: Int) {
    self.count = count
    let bytes = max(64, count * MemoryLayout<Element>.stride)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: bytes >= 1 << 22 ? 1 << 21 : 64)
    adviseHugePages(raw, bytes: bytes)
    base = raw.bindMemory(to: Element.self, capacity: max(1, count))
  }

  convenience init(repeating value: Element, count: Int) {
    self.init(count)
    base.initialize(repeating: value, count: count)
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}

/// Asks for huge pages in the part of a large block that they can cover.
func adviseHugePages(_ start: UnsafeMutableRawPointer, bytes: Int) {
  #if os(Linux)
    guard bytes >= 1 << 22 else { return }
    let page = 1 << 21
    let skipped = (page - Int(bitPattern: start) % page) % page
    // 14 is MADV_HUGEPAGE; advice that is not taken costs only time.
    _ = madvise(start + skipped, (bytes - skipped) / page * page, 14)
  #endif
}
