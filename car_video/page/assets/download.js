// The file comes by itself once it is made; the link stays for a second time.
watch('value', () => {
  const link = element.querySelector('a.download');
  if (link) link.click();
});
