const show = text => {
  const sentence = element.querySelector('p');
  sentence.textContent = text || '';
  sentence.classList.toggle('refused', props.refused);
};
watch(['value', 'refused'], () => show(props.value));
show(props.value);
// A file that is too large is not even sent.
const refuse = (event, files) => {
  const isPhoto = event.target.closest && event.target.closest('#photo');
  if (!isPhoto || [...files].every(file => file.size <= props.max_bytes)) {
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  show(props.too_large);
};
document.addEventListener('change', event => {
  if (event.target.type !== 'file') return;
  refuse(event, event.target.files);
}, true);
document.addEventListener('drop', event => {
  refuse(event, event.dataTransfer.files);
}, true);
