() => {
  // A picture that is pasted anywhere but into a text is a photo.
  document.addEventListener('paste', async event => {
    const picture = [...event.clipboardData.files].find(
      file => file.type.startsWith('image/'));
    if (!picture || event.target.closest?.('input, textarea')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const find = selector => document.querySelector('#photo ' + selector);
    if (!find('input[type=file]')) {  // the camera is on
      find('.source-selection button').click();  // that of files
    }
    while (!find('input[type=file]')) {
      await new Promise(requestAnimationFrame);
    }
    const files = new DataTransfer();
    files.items.add(picture);
    const input = find('input[type=file]');
    input.files = files.files;
    input.dispatchEvent(new Event('change', {bubbles: true}));
  }, true);
}
