const gap = 4; // CSS pixels

/** Puts something in the top layer below or above what it belongs to, within the window. */
export function placeBeside(element: HTMLElement, owner: HTMLElement, align: 'start' | 'center' | 'end'): void {
  const box = owner.getBoundingClientRect();
  const { width, height } = element.getBoundingClientRect();
  const left = align === 'start' ? box.left : align === 'end' ? box.right - width : box.left + (box.width - width) / 2;
  const below = box.bottom + gap;
  const top = below + height > innerHeight && box.top - gap - height > 0 ? box.top - gap - height : below;
  element.style.left = `${Math.max(gap, Math.min(left, innerWidth - width - gap))}px`;
  element.style.top = `${top}px`;
}
